package io.nanogrid.gateway.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.limits.RateLimitStore.Decision;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class MemoryRateLimitStoreTest extends RateLimitStoreContract {

    private static final Duration WINDOW = Duration.ofSeconds(60);

    /// Overflows within a test, as the real clock may.
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - Duration.ofSeconds(50).toNanos());
    private final MemoryRateLimitStore store = new MemoryRateLimitStore(nanos::get, 100);

    @Override
    protected RateLimitStore store() {
        return store;
    }

    @Override
    protected void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private void fill() {
        for (int i = 0; i < 100; i++) {
            store.count("client " + i, 2, WINDOW);
        }
    }

    @Test
    void fullOfRunningWindowsItRefusesNewcomersUntilTheFirstOneEnds() {
        store.count("first", 2, WINDOW);
        pass(Duration.ofSeconds(20));
        fill();

        assertThat(store.count("newcomer", 2, WINDOW)).isEqualTo(new Decision(false, 0, Duration.ofSeconds(40)));
        pass(Duration.ofSeconds(40));
        assertThat(store.count("newcomer", 2, WINDOW).allowed()).isTrue();
    }

    @Test
    void fullOfRunningWindowsItGoesOnCountingForThoseWhoHaveOne() {
        fill();
        store.count("newcomer", 2, WINDOW);

        assertThat(store.count("client 0", 2, WINDOW).allowed()).isTrue();
        assertThat(store.count("client 0", 2, WINDOW).allowed()).isFalse();
    }

    @Test
    void windowsThatHaveEndedAreForgotten() {
        fill();
        pass(WINDOW);

        for (int i = 0; i < 40; i++) {
            store.count("another", 1, WINDOW);
        }

        assertThat(store.size()).isEqualTo(1);
    }

    /// More windows end than are forgotten at once, and its own is the last of them.
    @Test
    void whoComesBackBeforeTheOldWindowIsForgottenStartsANewOneThatStays() {
        for (int i = 0; i < 50; i++) {
            store.count("client " + i, 2, WINDOW);
        }
        pass(Duration.ofMillis(1));
        store.count("late", 2, WINDOW);
        pass(WINDOW);

        assertThat(store.count("late", 2, WINDOW).remaining()).isEqualTo(1);
        for (int i = 0; i < 40; i++) {
            store.count("another", 1, WINDOW);
        }

        assertThat(store.count("late", 2, WINDOW).remaining()).isZero();
        assertThat(store.count("late", 2, WINDOW).allowed()).isFalse();
    }

    @Test
    void whoComesBackForLongTakesUpNoMoreThanOneWindow() {
        for (int i = 0; i < 1000; i++) {
            store.count("faithful", 1, WINDOW);
            pass(WINDOW);
        }

        assertThat(store.size()).isEqualTo(1);
    }
}
