package io.nanogrid.gateway.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class BreakerTest {

    private static final Duration PAUSE = Duration.ofMillis(500);

    /// Overflows within a test, as the real clock may.
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 10);
    private final Breaker breaker = new Breaker(nanos::get, PAUSE);

    @Test
    void whileNothingFailsEveryoneIsAdmitted() {
        assertThat(breaker.admits()).isTrue();
        assertThat(breaker.admits()).isTrue();
    }

    @Test
    void afterAFailureNobodyIsAdmittedUntilThePauseIsOver() {
        breaker.failed();
        nanos.addAndGet(PAUSE.toNanos() - 1);
        assertThat(breaker.admits()).isFalse();
        assertThat(breaker.refuses()).isTrue();

        nanos.addAndGet(1);

        assertThat(breaker.refuses()).isFalse();
        assertThat(breaker.admits()).isTrue();
    }

    @Test
    void afterThePauseOneTriesForAll() {
        breaker.failed();
        nanos.addAndGet(PAUSE.toNanos());

        assertThat(breaker.admits()).isTrue();
        assertThat(breaker.admits()).isFalse();
    }

    @Test
    void aTryThatEndsWithoutAWordIsFollowedByAnother() {
        breaker.failed();
        nanos.addAndGet(PAUSE.toNanos());
        breaker.admits();
        nanos.addAndGet(PAUSE.toNanos());

        assertThat(breaker.admits()).isTrue();
    }

    @Test
    void afterASuccessEveryoneIsAdmittedAgain() {
        breaker.failed();
        breaker.succeeded();

        assertThat(breaker.admits()).isTrue();
        assertThat(breaker.admits()).isTrue();
    }

    @Test
    void onlyTheFirstFailureAndTheFirstSuccessAreNews() {
        assertThat(breaker.succeeded()).isFalse();
        assertThat(breaker.failed()).isTrue();
        assertThat(breaker.failed()).isFalse();
        assertThat(breaker.succeeded()).isTrue();
        assertThat(breaker.succeeded()).isFalse();
    }
}
