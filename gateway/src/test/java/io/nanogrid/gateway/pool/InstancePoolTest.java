package io.nanogrid.gateway.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.RequiredEngines;
import io.nanogrid.gateway.engine.sandbox.SandboxFactory;
import io.nanogrid.gateway.plugins.TestRuntimes;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// With real processes in the sandbox. Each test has a pool of its own.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InstancePoolTest {

    private static final int MB = PoolFixture.MB;
    private static final Duration LONG = Duration.ofSeconds(30);
    /// Answers which process it is, and does what the event asks for first.
    private static final String WHO = """
            import os, time
            me = os.urandom(8).hex()
            def handler(event, context):
                if event == 'sleep':
                    time.sleep(1000)
                if event == 'nap':
                    time.sleep(0.02)
                if event == 'die':
                    os._exit(7)
                return me""";

    private Path work;
    private Engine engine;
    private RuntimeDescriptor python;
    /// Each test opens one first.
    @SuppressWarnings("NullAway.Init")
    private PoolFixture fixture;

    @BeforeAll
    void makeEngine() throws Exception {
        work = Files.setPosixFilePermissions(Files.createTempDirectory("ng"),
                PosixFilePermissions.fromString("rwx--x--x"));
        engine = new SandboxFactory().create("pool-" + ProcessHandle.current().pid(), work);
        RequiredEngines.check(engine);
        python = TestRuntimes.python();
        engine.prepare(python, _ -> {
        });
    }

    @AfterAll
    void closeEngine() {
        engine.close();
    }

    private void open(PoolConfig config) throws IOException {
        fixture = new PoolFixture(engine, python, work, config);
    }

    private void open(int instances) throws IOException {
        open(PoolFixture.config(instances, 1000, LONG));
    }

    /// What must hold at the end of every test.
    @AfterEach
    void nothingIsLeftWhenThePoolIsClosed() {
        fixture.close();
        assertThat(fixture.directory).isEmptyDirectory();
        assertThat(fixture.pool.status()).isEqualTo(new PoolStatus(0, 0, 0, 0, 0, 0));
    }

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
    void aVersionHasNoMoreInstancesThanItsOwnLimit() throws Exception {
        open(PoolFixture.config(8, 1000, Duration.ofMillis(1500)));
        FunctionVersion who = fixture.function("who", WHO, MB, 2);
        try (Lease _ = fixture.lease(who); Lease _ = fixture.lease(who)) {
            assertThat(fixture.pool.acquire(who)).isInstanceOfSatisfying(Acquired.Full.class,
                    full -> assertThat(full.ownLimit()).isTrue());
        }
    }

    @Test
    void aHundredFirstCallsAtOnceAreAllServedByNoMoreInstancesThanTheLimit() throws Exception {
        open(16);
        FunctionVersion who = fixture.function("who", WHO, MB, 3);
        List<Future<String>> calls = IntStream.range(0, 100)
                .mapToObj(_ -> fixture.in(() -> fixture.call(who, "\"nap\"")))
                .toList();
        assertThat(calls.stream().map(PoolFixture::get).distinct()).hasSizeBetween(1, 3);
        assertThat(fixture.pool.status().promisedMb()).isLessThanOrEqualTo(3 * MB);
    }

    @Test
    void aFullQueueTurnsCallsAwayAtOnce() throws Exception {
        open(PoolFixture.config(1, 1, LONG));
        FunctionVersion who = fixture.function("who", WHO);
        try (Lease _ = fixture.lease(who)) {
            Future<Acquired> waiting = fixture.acquiring(who);
            await().until(() -> fixture.pool.status().waiting() == 1);
            assertThat(fixture.pool.acquire(who)).isInstanceOf(Acquired.Full.class);
            waiting.cancel(true);
        }
    }

    @Test
    void aCallThatHasGivenUpWaitingTakesNoInstanceWithIt() throws Exception {
        open(PoolFixture.config(1, 10, Duration.ofMillis(1500)));
        FunctionVersion who = fixture.function("who", WHO);
        String first;
        try (Lease held = fixture.lease(who)) {
            first = PoolFixture.run(held, "1");
            assertThat(fixture.pool.acquire(who)).isInstanceOf(Acquired.Full.class);
        }
        assertThat(fixture.call(who, "1")).isEqualTo(first);
    }

    @Test
    void anInterruptedWaiterTakesNoInstanceWithIt() throws Exception {
        open(1);
        FunctionVersion who = fixture.function("who", WHO);
        try (Lease _ = fixture.lease(who)) {
            Future<Acquired> waiting = fixture.acquiring(who);
            await().until(() -> fixture.pool.status().waiting() == 1);
            waiting.cancel(true);
        }
        assertThat(fixture.call(who, "1")).isNotEmpty();
    }

    @Test
    void anErrorInTheFunctionsOwnCodeFailsAllWhoWaitAndLeavesNothing() throws Exception {
        open(4);
        FunctionVersion broken = fixture.function("broken", "print('loading')\nraise ValueError('broken')");
        List<Future<Acquired>> calls = IntStream.range(0, 5).mapToObj(_ -> fixture.acquiring(broken)).toList();
        for (Future<Acquired> call : calls) {
            assertThat(call.get()).isInstanceOfSatisfying(Acquired.InitFailed.class, failed -> {
                assertThat(failed.detail().text()).contains("ValueError", "broken");
                assertThat(failed.output()).isEqualTo("loading\n");
            });
        }
        await().until(() -> fixture.pool.status().equals(new PoolStatus(0, 0, 0, 0, 0, 0)));
        assertThat(fixture.directory).isEmptyDirectory();
    }

    @Test
    void aProcessThatEndsWhileItLoadsIsReportedAsThat() throws Exception {
        open(4);
        assertThat(fixture.pool.acquire(fixture.function("gone", "import os; os._exit(3)")))
                .isInstanceOfSatisfying(Acquired.InitDied.class,
                        died -> assertThat(died.message()).contains("exit code 3"));
    }

    @Test
    void aFunctionThatNeedsMoreThanAllMemoryIsRefusedAndHarmsNobody() throws Exception {
        open(2);
        FunctionVersion who = fixture.function("who", WHO);
        String first = fixture.call(who, "1");
        assertThat(fixture.pool.acquire(fixture.function("huge", WHO, 3 * MB, null)))
                .isInstanceOfSatisfying(Acquired.Unavailable.class,
                        refused -> assertThat(refused.message()).contains("MEMORY_BUDGET_MB"));
        assertThat(fixture.call(who, "1")).isEqualTo(first);
    }

    @Test
    void anInstanceThatIsKilledWhileItIsIdleIsReplaced() throws Exception {
        open(4);
        FunctionVersion who = fixture.function("who", WHO);
        String first = fixture.call(who, "1");
        onlyInstance().process.destroy();
        await().until(() -> fixture.pool.status().instances() == 0);
        assertThat(fixture.call(who, "1")).isNotEqualTo(first);
    }

    @Test
    void anInstanceThatDiesBetweenItsAnswerAndItsReturnIsNotLentAgain() throws Exception {
        open(4);
        FunctionVersion who = fixture.function("who", WHO);
        String first;
        try (Lease lease = fixture.lease(who)) {
            first = PoolFixture.run(lease, "1");
            onlyInstance().process.destroy();
        }
        assertThat(fixture.call(who, "1")).isNotEqualTo(first);
    }

    @Test
    void aRetiredVersionsIdleInstancesGo() throws Exception {
        open(4);
        FunctionVersion who = fixture.function("who", WHO);
        fixture.call(who, "1");
        fixture.pool.retire(who.key());
        await().until(() -> fixture.pool.status().promisedMb() == 0);
    }

    @Test
    void aRetiredVersionsBusyInstanceEndsAfterItsAnswer() throws Exception {
        open(4);
        FunctionVersion who = fixture.function("who", WHO);
        try (Lease lease = fixture.lease(who)) {
            fixture.pool.retire(who.key());
            assertThat(PoolFixture.run(lease, "1")).isNotEmpty();
        }
        await().until(() -> fixture.pool.status().promisedMb() == 0);
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
    void aTimedOutCallKillsItsInstanceAndTheNextCallWorks() throws Exception {
        open(1);
        FunctionVersion who = fixture.function("who", WHO);
        try (Lease lease = fixture.lease(who)) {
            assertThat(PoolFixture.reply(lease, "\"sleep\"", Duration.ofMillis(200)))
                    .isInstanceOf(Lease.Reply.TimedOut.class);
        }
        assertThat(fixture.call(who, "1")).isNotEmpty();
    }

    @Test
    void anInstanceThatEndsDuringACallIsReportedWithItsExitCode() throws Exception {
        open(1);
        FunctionVersion who = fixture.function("who", WHO);
        try (Lease lease = fixture.lease(who)) {
            assertThat(PoolFixture.reply(lease, "\"die\"", LONG)).isEqualTo(new Lease.Reply.Exited(7, false));
        }
        assertThat(fixture.call(who, "1")).isNotEmpty();
    }

    @Test
    void aStemSavesTheFirstCallItsStart() throws Exception {
        PoolConfig plain = PoolFixture.config(4, 10, LONG);
        open(new PoolConfig(plain.memoryBudgetMb(), 16, 2, plain.patience(), 10, LONG, LONG, LONG, LONG, 1, MB, 1000));
        fixture.pool.stock(python);
        await().until(() -> fixture.pool.status().stems() == 1);
        String stem = onlyInstance().id;
        try (Lease _ = fixture.lease(fixture.function("who", WHO))) {
            assertThat(fixture.pool.books.alive.stream().map(instance -> instance.id)).contains(stem);
        }
    }

    @Test
    void closingWaitsForInstancesThatAreJustStarting() throws Exception {
        open(8);
        for (int i = 0; i < 6; i++) {
            fixture.acquiring(fixture.function("f" + i, WHO));
        }
        await().until(() -> fixture.pool.status().starting() > 0);
        fixture.pool.close();
        assertThat(fixture.pool.status().starting()).isZero();
        assertThat(fixture.directory).isEmptyDirectory();
    }

    @Test
    void closingEndsCallsThatRunAndCallsThatWait() throws Exception {
        open(1);
        FunctionVersion who = fixture.function("who", WHO);
        Lease lease = fixture.lease(who);
        Future<Lease.Reply> running = fixture.in(() -> PoolFixture.reply(lease, "\"sleep\"", LONG));
        Future<Acquired> waiting = fixture.acquiring(who);
        await().until(() -> fixture.pool.status().waiting() == 1);
        fixture.pool.close();
        assertThat(running.get()).isNotInstanceOf(Lease.Reply.Answered.class);
        assertThat(waiting.get()).isInstanceOf(Acquired.Unavailable.class);
        lease.close();
    }

    @Test
    void whateverManyThreadsDoTheMemoryIsAccountedForInTheEnd() throws Exception {
        PoolConfig plain = PoolFixture.config(4, 4, Duration.ofMillis(500));
        open(new PoolConfig(plain.memoryBudgetMb(), 16, 2, plain.patience(), 4, plain.queueWait(), LONG, LONG,
                Duration.ofMillis(50), 1, MB, 1000));
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

    private PooledInstance onlyInstance() {
        fixture.pool.lock.lock();
        try {
            return fixture.pool.books.alive.iterator().next();
        } finally {
            fixture.pool.lock.unlock();
        }
    }
}
