package io.nanogrid.gateway.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.limits.RateLimitStore.Decision;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/// What every store of rate limits promises. A subclass makes the store and moves its clock.
public abstract class RateLimitStoreContract {

    private static final Duration WINDOW = Duration.ofSeconds(60);

    /// The store under test: the same one for all of a test, and empty at its start.
    protected abstract RateLimitStore store();

    /// Lets time pass for the store.
    protected abstract void pass(Duration time) throws Exception;

    private Decision count(String client, int limit) {
        return store().count("scope", client, limit, WINDOW);
    }

    private static void assertNew(Decision decision, int remaining) {
        assertThat(decision.allowed()).isTrue();
        assertThat(decision.remaining()).isEqualTo(remaining);
        assertLasts(decision, WINDOW);
    }

    /// A store with a clock of its own may have lost a moment.
    private static void assertLasts(Decision decision, Duration expected) {
        assertThat(decision.untilReset()).isBetween(expected.minusSeconds(1), expected);
    }

    @Test
    void asManyCallsAsTheLimitAreAllowedAndTheNextIsRefused() {
        List<Decision> decisions = IntStream.range(0, 4).mapToObj(_ -> count("a", 3)).toList();

        assertThat(decisions).extracting(Decision::allowed).containsExactly(true, true, true, false);
        assertThat(decisions).extracting(Decision::remaining).containsExactly(2, 1, 0, 0);
    }

    /// Several times, as one time may happen to have no two calls at the same moment.
    @RepeatedTest(10)
    void aThousandCallsAtOnceAreAllowedExactlyAsOftenAsTheLimit() throws Exception {
        RateLimitStore store = store();
        CyclicBarrier go = new CyclicBarrier(8);
        List<Future<List<Decision>>> callers = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (int i = 0; i < 8; i++) {
                callers.add(threads.submit(() -> {
                    List<Decision> decisions = new ArrayList<>();
                    go.await();
                    for (int call = 0; call < 125; call++) {
                        decisions.add(store.count("scope", "crowd", 837, WINDOW));
                    }
                    return decisions;
                }));
            }
        }

        List<Integer> remaining = new ArrayList<>();
        for (Future<List<Decision>> caller : callers) {
            caller.get().stream().filter(Decision::allowed).map(Decision::remaining).forEach(remaining::add);
        }
        assertThat(remaining).containsExactlyInAnyOrderElementsOf(IntStream.range(0, 837).boxed().toList());
    }

    @Test
    void oneClientsCallsAreNotCountedForAnother() {
        count("a", 1);

        assertThat(count("b", 1).allowed()).isTrue();
    }

    @Test
    void aClientsCallsOfOneScopeAreNotCountedInAnother() {
        count("a", 1);

        assertThat(store().count("another", "a", 1, WINDOW).allowed()).isTrue();
        assertThat(count("a", 1).allowed()).isFalse();
    }

    @Test
    void aWindowStartsAtTheFirstCallAndLastsAsLongAsItSays() throws Exception {
        pass(Duration.ofSeconds(45));
        count("a", 1);
        pass(Duration.ofSeconds(59));
        assertThat(count("a", 1).allowed()).isFalse();

        pass(Duration.ofSeconds(1));

        assertNew(count("a", 1), 0);
    }

    @Test
    void everyDecisionSaysHowLongTheWindowStillLasts() throws Exception {
        assertLasts(count("a", 1), WINDOW);
        pass(Duration.ofMillis(20_500));

        assertLasts(count("a", 1), Duration.ofMillis(39_500));
    }

    @Test
    void refusedCallsNeitherCountNorLengthenTheWindow() throws Exception {
        count("a", 1);
        pass(Duration.ofSeconds(30));
        count("a", 1);
        pass(Duration.ofSeconds(30));

        assertNew(count("a", 2), 1);
    }

    @Test
    void aChangedLimitHoldsForWhatWasCountedAlready() {
        count("a", 3);
        count("a", 3);

        assertThat(count("a", 1)).extracting(Decision::allowed, Decision::remaining).containsExactly(false, 0);
        assertThat(count("a", 5)).extracting(Decision::allowed, Decision::remaining).containsExactly(true, 2);
    }
}
