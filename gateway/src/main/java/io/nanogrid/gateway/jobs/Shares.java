package io.nanogrid.gateway.jobs;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// How many jobs of each function run, so that the jobs of one neither pile up in the pool nor keep those of others waiting.
///
/// Not safe for use by many threads at once.
final class Shares {

    /// Until it is known how many calls of a function may run, one at a time does.
    private static final int AT_FIRST = 1;

    private final Map<String, Share> byFunction = new HashMap<>();

    private static final class Share {
        private int running;
        private int most = AT_FIRST;
        private long closedUntil;
        private boolean closed;

        boolean isTaken(long now) {
            closed = closed && closedUntil - now > 0;
            return closed || running >= most;
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
                share.closed = true;
                share.closedUntil = now + pause.toNanos();
            }
        }
    }

    /// The functions of which no job may begin now.
    Set<String> taken(long now) {
        byFunction.values().removeIf(share -> !share.isTaken(now) && share.running == 0);
        return byFunction.entrySet().stream().filter(entry -> entry.getValue().isTaken(now)).map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet());
    }
}
