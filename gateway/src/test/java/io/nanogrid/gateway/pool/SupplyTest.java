package io.nanogrid.gateway.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.nanogrid.gateway.code.CodeBundle;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Where instances come from, and where they go.
class SupplyTest extends PoolTest {

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
    void aStemSavesTheFirstCallItsStart() throws Exception {
        openWithStems(4, LONG);
        fixture.pool.stock(python);
        await().until(() -> fixture.pool.status().stems() == 1);
        String stem = onlyInstance().id;
        try (Lease _ = fixture.lease(fixture.function("who", WHO))) {
            assertThat(fixture.pool.books.alive.stream().map(instance -> instance.id)).contains(stem);
        }
    }

    @Test
    void aReadmittedVersionKeepsItsInstance() throws Exception {
        open(4);
        FunctionVersion who = fixture.function("who", WHO);
        String first;
        try (Lease lease = fixture.lease(who)) {
            fixture.pool.retire(who.key());
            fixture.pool.readmit(who.key());
            first = PoolFixture.run(lease, "1");
        }
        assertThat(fixture.call(who, "1")).isEqualTo(first);
    }

    @Test
    void aFailedStartDoesNotFailCallsThatAnotherInstanceCanServe() throws Exception {
        open(4);
        CodeBundle code = CodeBundle.ofText("main.py", WHO);
        AtomicInteger loads = new AtomicInteger();
        FunctionVersion who = fixture.function("who", () -> {
            if (loads.incrementAndGet() > 1) {
                throw new IOException("the disk is gone");
            }
            return code;
        });
        Future<String> waiting;
        try (Lease _ = fixture.lease(who)) {
            waiting = fixture.in(() -> fixture.call(who, "1"));
            await().until(() -> loads.get() == 2 && fixture.pool.status().starting() == 0);
            assertThat(fixture.pool.status().waiting()).isOne();
        }
        assertThat(waiting.get()).isNotEmpty();
    }

    @Test
    void aStemOfAShapeThatNobodyUsesAnyMoreGoes() throws Exception {
        openWithStems(8, Duration.ofSeconds(2));
        fixture.pool.stock(python);
        fixture.call(fixture.function("wide", WHO, 2 * MB, null), "1");
        await().until(() -> fixture.pool.status().stems() == 2);
        await().until(() -> fixture.pool.status().equals(new PoolStatus(0, 1, 0, 0, 0, MB)));
    }

    private void openWithStems(int instances, Duration idleTimeout) throws IOException {
        PoolConfig plain = PoolFixture.config(instances, 10, LONG);
        open(new PoolConfig(plain.memoryBudgetMb(), 16, 2, 4, plain.patience(), 10, LONG, LONG, LONG, idleTimeout, 1,
                MB, 6 << 20, 1000));
    }
}
