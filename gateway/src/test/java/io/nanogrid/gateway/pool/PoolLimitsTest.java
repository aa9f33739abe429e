package io.nanogrid.gateway.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What becomes of calls for which there is no instance yet, or none to be had.
class PoolLimitsTest extends PoolTest {

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
    void aVersionThatTheMachineKeepsBelowItsOwnLimitIsTurnedAwayByTheMachine() throws Exception {
        open(PoolFixture.config(1, 1000, Duration.ofMillis(500)));
        FunctionVersion who = fixture.function("who", WHO, MB, 4);
        try (Lease _ = fixture.lease(who)) {
            assertThat(fixture.pool.acquire(who)).isInstanceOfSatisfying(Acquired.Full.class,
                    full -> assertThat(full.ownLimit()).isFalse());
        }
    }

    @Test
    void whoWantsNoWaitGetsAnInstanceWhileThereIsRoomForOneAndElseTheAnswerAtOnce() throws Exception {
        open(2);
        FunctionVersion who = fixture.function("who", WHO);
        try (Lease first = lease(fixture.pool.acquireIfRoom(who)); Lease _ = lease(fixture.pool.acquireIfRoom(who))) {
            assertThat(fixture.pool.acquireIfRoom(who)).isInstanceOf(Acquired.Full.class);
            assertThat(fixture.pool.status().waiting()).isZero();
            first.close();
            lease(fixture.pool.acquireIfRoom(who)).close();
        }
    }

    @Test
    void memoryThatNobodyUsesAtTheMomentIsRoom() throws Exception {
        open(1);
        fixture.call(fixture.function("one", WHO), "1");

        lease(fixture.pool.acquireIfRoom(fixture.function("two", WHO))).close();
    }

    @Test
    void atItsOwnersLimitAVersionIsWaitedFor() throws Exception {
        open(4);
        FunctionVersion who = fixture.function("who", WHO, MB, 1);
        Future<Acquired> waiting;
        try (Lease _ = fixture.lease(who)) {
            waiting = fixture.in(() -> fixture.pool.acquireIfRoom(who));
            await().until(() -> fixture.pool.status().waiting() == 1);
        }
        lease(waiting.get()).close();
    }

    private static Lease lease(Acquired acquired) {
        assertThat(acquired).isInstanceOf(Acquired.Granted.class);
        return ((Acquired.Granted) acquired).lease();
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
    void aFunctionThatNeedsMoreThanAllMemoryIsRefusedAndHarmsNobody() throws Exception {
        open(2);
        FunctionVersion who = fixture.function("who", WHO);
        String first = fixture.call(who, "1");
        assertThat(fixture.pool.acquire(fixture.function("huge", WHO, 3 * MB, null)))
                .isInstanceOfSatisfying(Acquired.Unavailable.class,
                        refused -> assertThat(refused.message()).contains("MEMORY_BUDGET_MB"));
        assertThat(fixture.call(who, "1")).isEqualTo(first);
    }
}
