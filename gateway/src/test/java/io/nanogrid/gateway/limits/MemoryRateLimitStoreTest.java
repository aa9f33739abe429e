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
    private final MemoryRateLimitStore store = new MemoryRateLimitStore(nanos::get, 100, 25);

    @Override
    protected RateLimitStore store() {
        return store;
    }

    @Override
    protected void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private void fill() {
        for (int scope = 0; scope < 4; scope++) {
            fill("scope " + scope);
        }
    }

    private void fill(String scope) {
        for (int i = 0; i < 25; i++) {
            store.count(scope, "client " + i, 2, WINDOW);
        }
    }

    private Decision count(String client, int limit) {
        return store.count("scope", client, limit, WINDOW);
    }

    @Test
    void aScopeThatIsFullLeavesRoomForTheOthers() {
        fill("flooded");

        assertThat(store.count("flooded", "newcomer", 2, WINDOW).allowed()).isFalse();
        assertThat(store.count("another", "newcomer", 2, WINDOW).allowed()).isTrue();
    }

    /// Other scopes have more windows that have ended than are forgotten at once, and earlier ones.
    @Test
    void aScopeWhoseWindowsHaveEndedIsNotFull() {
        fill("earlier");
        pass(Duration.ofMillis(1));
        fill("flooded");
        pass(WINDOW);

        assertThat(store.count("flooded", "newcomer", 2, WINDOW).allowed()).isTrue();
    }

    @Test
    void aFullScopeTellsWhenItsOwnFirstWindowEnds() {
        store.count("earlier", "client", 2, WINDOW);
        pass(Duration.ofSeconds(20));
        fill("flooded");

        assertThat(store.count("flooded", "newcomer", 2, WINDOW)).isEqualTo(new Decision(false, 0, WINDOW));
    }

    @Test
    void fullOfRunningWindowsItRefusesNewcomersUntilTheFirstOneEnds() {
        count("first", 2);
        pass(Duration.ofSeconds(20));
        fill();

        assertThat(count("newcomer", 2)).isEqualTo(new Decision(false, 0, Duration.ofSeconds(40)));
        pass(Duration.ofSeconds(40));
        assertThat(count("newcomer", 2).allowed()).isTrue();
    }

    @Test
    void fullOfRunningWindowsItGoesOnCountingForThoseWhoHaveOne() {
        fill();
        count("newcomer", 2);

        assertThat(store.count("scope 0", "client 0", 2, WINDOW).allowed()).isTrue();
        assertThat(store.count("scope 0", "client 0", 2, WINDOW).allowed()).isFalse();
    }

    @Test
    void windowsThatHaveEndedAreForgotten() {
        fill();
        pass(WINDOW);

        for (int i = 0; i < 40; i++) {
            count("another", 1);
        }

        assertThat(store.size()).isEqualTo(1);
    }

    /// More windows end than are forgotten at once, and its own is the last of them.
    @Test
    void whoComesBackBeforeTheOldWindowIsForgottenStartsANewOneThatStays() {
        fill("scope 0");
        fill("scope 1");
        pass(Duration.ofMillis(1));
        count("late", 2);
        pass(WINDOW);

        assertThat(count("late", 2).remaining()).isEqualTo(1);
        for (int i = 0; i < 40; i++) {
            count("another", 1);
        }

        assertThat(count("late", 2).remaining()).isZero();
        assertThat(count("late", 2).allowed()).isFalse();
    }

    @Test
    void whoComesBackForLongTakesUpNoMoreThanOneWindow() {
        for (int i = 0; i < 1000; i++) {
            count("faithful", 1);
            pass(WINDOW);
        }

        assertThat(store.size()).isEqualTo(1);
    }
}
