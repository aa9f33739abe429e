package io.nanogrid.gateway.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// What an instance that ends leaves behind, and the pool that ends.
class InstanceEndTest extends PoolTest {

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
    void anInterruptedCallDoesntWaitForTheEndOfItsInstance() throws Exception {
        open(1);
        Lease lease = fixture.lease(fixture.function("who", WHO));
        Thread call = Thread.startVirtualThread(() -> PoolFixture.reply(lease, "\"sleep\"", LONG));
        call.interrupt();
        // Who waits gives it a second to end by itself, which this one never does.
        assertThat(call.join(Duration.ofMillis(900))).isTrue();
        lease.close();
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
}
