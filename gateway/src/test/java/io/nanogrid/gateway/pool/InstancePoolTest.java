package io.nanogrid.gateway.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Who gets which instance, and when.
class InstancePoolTest extends PoolTest {

    @Test
    void anIdleInstanceIsUsedAgain() throws Exception {
        open(4);
        FunctionVersion who = fixture.function("who", WHO);
        assertThat(fixture.call(who, "1")).isEqualTo(fixture.call(who, "2"));
    }

    @Test
    void onlyTheFirstCallOfAnInstanceIsCold() throws Exception {
        open(4);
        FunctionVersion who = fixture.function("who", WHO);
        try (Lease first = fixture.lease(who)) {
            assertThat(first.cold()).isTrue();
            assertThat(first.initNanos()).isPositive();
        }
        try (Lease second = fixture.lease(who)) {
            assertThat(second.cold()).isFalse();
            assertThat(second.initNanos()).isZero();
        }
    }

    @Test
    void twoVersionsNeverShareAnInstance() throws Exception {
        open(4);
        assertThat(fixture.call(fixture.function("one", WHO), "1"))
                .isNotEqualTo(fixture.call(fixture.function("two", WHO), "1"));
    }

    @Test
    void waitersAreServedInTheOrderInWhichTheyCame() throws Exception {
        open(1);
        FunctionVersion who = fixture.function("who", WHO);
        Lease held = fixture.lease(who);
        List<Integer> served = Collections.synchronizedList(new ArrayList<>());
        List<Future<?>> waiting = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int number = i;
            waiting.add(fixture.in(() -> {
                try (Lease _ = fixture.lease(who)) {
                    return served.add(number);
                }
            }));
            await().until(() -> fixture.pool.status().waiting() == number + 1);
        }
        held.close();
        for (Future<?> one : waiting) {
            one.get();
        }
        assertThat(served).containsExactlyElementsOf(IntStream.range(0, 8).boxed().toList());
    }

    @Test
    void aBriefCallWaitsForARunningInstanceRatherThanTakingAnIdleOne() throws Exception {
        openWithOneRunning(LONG);
        FunctionVersion who = fixture.function("who", WHO);
        twoIdleInstancesAndManyBriefCalls(who);
        Future<String> second;
        String first;
        try (Lease lease = fixture.lease(who)) {
            second = fixture.in(() -> fixture.call(who, "1"));
            await().until(() -> fixture.pool.status().waiting() == 1);
            assertThat(fixture.pool.status().idle()).isOne();
            first = PoolFixture.run(lease, "1");
        }
        assertThat(second.get()).isEqualTo(first);
    }

    @Test
    void aCallThatHasWaitedForARunningInstanceTakesAnIdleOne() throws Exception {
        openWithOneRunning(Duration.ofMillis(10));
        FunctionVersion who = fixture.function("who", WHO);
        twoIdleInstancesAndManyBriefCalls(who);
        try (Lease _ = fixture.lease(who); Lease _ = fixture.lease(who)) {
            assertThat(fixture.pool.status().busy()).isEqualTo(2);
        }
    }

    private void openWithOneRunning(Duration patience) throws IOException {
        PoolConfig plain = PoolFixture.config(4, 10, LONG);
        open(new PoolConfig(plain.memoryBudgetMb(), 16, 2, 1, patience, 10, LONG, LONG, LONG, LONG, 0, MB, 6 << 20,
                1000));
    }

    private void twoIdleInstancesAndManyBriefCalls(FunctionVersion version) throws InterruptedException {
        try (Lease _ = fixture.lease(version); Lease _ = fixture.lease(version)) {
            assertThat(fixture.pool.status().busy()).isEqualTo(2);
        }
        await().until(() -> {
            fixture.call(version, "1");
            VersionSlot slot = fixture.pool.books.slots.get(version.key());
            return slot != null && slot.brief.areBrief();
        });
    }

    @Test
    void theLeastRecentlyUsedInstanceMakesRoom() throws Exception {
        open(2);
        FunctionVersion old = fixture.function("old", WHO);
        FunctionVersion recent = fixture.function("recent", WHO);
        String oldOne = fixture.call(old, "1");
        String recentOne = fixture.call(recent, "1");
        fixture.call(fixture.function("new", WHO), "1");
        assertThat(fixture.call(recent, "1")).isEqualTo(recentOne);
        assertThat(fixture.call(old, "1")).isNotEqualTo(oldOne);
    }

    /// Both names, so that the order in which versions happen to be kept doesn't decide.
    @ParameterizedTest
    @ValueSource(strings = {"a", "z"})
    void aVersionWithoutAnInstanceGetsItsTurnWhileAnotherIsUnderSteadyLoad(String name) throws Exception {
        open(2);
        FunctionVersion busy = fixture.function("m", WHO);
        AtomicBoolean over = new AtomicBoolean();
        List<Future<?>> load = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            load.add(fixture.in(() -> {
                while (!over.get()) {
                    fixture.call(busy, "\"nap\"");
                }
                return null;
            }));
        }
        await().until(() -> fixture.pool.status().busy() == 2);
        long asked = System.nanoTime();
        // It wants all the memory there is.
        assertThat(fixture.call(fixture.function(name, WHO, 2 * MB, null), "1")).isNotEmpty();
        assertThat(Duration.ofNanos(System.nanoTime() - asked)).isLessThan(Duration.ofSeconds(5));
        over.set(true);
        for (Future<?> one : load) {
            one.get();
        }
    }

    @Test
    void whateverManyThreadsDoTheMemoryIsAccountedForInTheEnd() throws Exception {
        PoolConfig plain = PoolFixture.config(4, 4, Duration.ofMillis(500));
        open(new PoolConfig(plain.memoryBudgetMb(), 16, 2, 4, plain.patience(), 4, plain.queueWait(), LONG, LONG,
                Duration.ofMillis(50), 1, MB, 6 << 20, 1000));
        long end = System.nanoTime() + Duration.ofSeconds(6).toNanos();
        List<FunctionVersion> versions = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            versions.add(fixture.function("f" + i, i == 4 ? "raise ValueError()" : WHO, i == 3 ? 2 * MB : MB,
                    i == 2 ? 1 : null));
        }
        long seed = System.nanoTime();
        List<Future<?>> threads = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Random random = new Random(seed + i);
            threads.add(fixture.in(() -> {
                while (System.nanoTime() < end) {
                    step(versions.get(random.nextInt(versions.size())), random);
                }
                return null;
            }));
        }
        for (Future<?> one : threads) {
            one.get();
        }
        versions.forEach(version -> fixture.pool.retire(version.key()));
        await().atMost(LONG).untilAsserted(() -> {
            PoolStatus status = fixture.pool.status();
            assertThat(status).as("seed %d", seed)
                    .isEqualTo(new PoolStatus(0, status.stems(), 0, 0, 0, memoryOfAll()));
        });
    }

    private int memoryOfAll() {
        fixture.pool.lock.lock();
        try {
            return fixture.pool.books.alive.stream().mapToInt(instance -> instance.shape.memoryMb()).sum();
        } finally {
            fixture.pool.lock.unlock();
        }
    }

    private void step(FunctionVersion version, Random random) throws InterruptedException {
        switch (random.nextInt(20)) {
            case 0 -> fixture.pool.retire(version.key());
            case 1 -> fixture.acquiring(version).cancel(true);
            default -> {
                if (fixture.pool.acquire(version) instanceof Acquired.Granted(Lease lease)) {
                    try (lease) {
                        String event = List.of("\"die\"", "\"sleep\"", "\"nap\"", "1", "1", "1").get(random.nextInt(6));
                        PoolFixture.reply(lease, event, Duration.ofMillis(100));
                    }
                }
                assertThat(fixture.pool.status().promisedMb()).isBetween(0, 4 * MB);
            }
        }
    }
}
