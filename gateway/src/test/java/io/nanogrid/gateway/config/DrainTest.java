package io.nanogrid.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class DrainTest {

    /// Near the end of the clock's numbers, which is no end of time.
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1);
    private final Drain drain = new Drain(Duration.ofSeconds(10), now::get);

    private void pass(int seconds) {
        now.addAndGet(Duration.ofSeconds(seconds).toNanos());
    }

    @Test
    void whoWaitsSecondHasOnlyWhatTheFirstHasLeft() {
        drain.begin();
        pass(4);
        assertThat(drain.left()).hasSeconds(6);
        drain.begin();
        pass(5);
        assertThat(drain.left()).hasSeconds(1);
    }

    @Test
    void nothingIsLeftAfterItsEnd() {
        drain.begin();
        pass(11);
        assertThat(drain.left()).isZero();
    }

    @Test
    void theTimeDoesNotRunBeforeItHasBegun() {
        pass(60);
        assertThat(drain.left()).hasSeconds(10);
    }
}
