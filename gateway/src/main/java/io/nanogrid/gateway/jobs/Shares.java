package io.nanogrid.gateway.jobs;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// How many jobs of each function run, so that the jobs of one neither pile up in the pool nor keep those of others waiting.
///
/// A function's share begins with its first job, of which it isn't known how many may run: so that one runs alone until [#allow] says it.
/// Not safe for use by many threads at once.
final class Shares {

    /// Until it is known how many calls of a function may run, one at a time does.
    private static final int AT_FIRST = 1;

    private final Map<String, Share> byFunction = new HashMap<>();

    private static final class Share {
        private int running;
        private int most = AT_FIRST;
        /// Null where no pause was asked for.
        private @Nullable Long pausedUntil;

        boolean isPaused(long now) {
            return pausedUntil != null && pausedUntil - now > 0;
        }

        boolean isTaken(long now) {
            return running >= most || isPaused(now);
        }
    }

    void begun(String functionId) {
        byFunction.computeIfAbsent(functionId, _ -> new Share()).running++;
    }

    void allow(String functionId, int most) {
        Share share = byFunction.get(functionId);
        if (share != null) {
            share.most = most;
        }
    }

    /// @param pause for how long no other job of the function is to begin
    /// @param now in nanoseconds, as [System#nanoTime] gives it
    void ended(String functionId, Duration pause, long now) {
        Share share = byFunction.get(functionId);
        if (share != null) {
            share.running--;
            if (!pause.isZero()) {
                share.pausedUntil = now + pause.toNanos();
            }
        }
    }

    /// The functions of which no job may begin now: as many run as may, or the last one asked for a pause.
    Set<String> taken(long now) {
        // Of functions whose jobs have all ended nothing is kept but a pause.
        byFunction.values().removeIf(share -> share.running == 0 && !share.isPaused(now));
        return byFunction.entrySet().stream().filter(entry -> entry.getValue().isTaken(now)).map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet());
    }
}
