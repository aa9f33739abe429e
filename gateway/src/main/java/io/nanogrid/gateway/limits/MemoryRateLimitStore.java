package io.nanogrid.gateway.limits;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Windows of one gateway, in memory; they are forgotten when it ends.
///
/// It keeps a bounded number of windows. While all of them still run, it refuses keys that it doesn't know, until the first window ends: so nobody
/// ever gets more than the limit, not even who calls from very many addresses, and those who have a window aren't touched.
///
/// Its monitor guards all fields; it is held for less than a microsecond or two, and never across anything that blocks.
public final class MemoryRateLimitStore implements RateLimitStore {

    /// About 20 MB when full.
    private static final int MAX_WINDOWS = 100_000;
    /// More than one call can add, so that windows that have ended go faster than new ones come.
    private static final int FORGET_AT_ONCE = 4;

    private final LongSupplier nanos;
    private final int maxWindows;
    private final Map<String, Window> windows = new HashMap<>();
    /// All of `windows`, and those that have ended and been replaced.
    private final PriorityQueue<Window> byEnd = new PriorityQueue<>((a, b) -> Long.signum(a.end - b.end));

    private static final class Window {
        final String key;
        final long end;
        int counted;

        Window(String key, long end) {
            this.key = key;
            this.end = end;
        }
    }

    public MemoryRateLimitStore() {
        this(System::nanoTime, MAX_WINDOWS);
    }

    /// @param nanos a clock that never goes back, as [System#nanoTime] does
    MemoryRateLimitStore(LongSupplier nanos, int maxWindows) {
        this.nanos = nanos;
        this.maxWindows = maxWindows;
    }

    @Override
    public synchronized Decision count(String key, int limit, Duration window) {
        long now = nanos.getAsLong();
        forgetEnded(now);
        Window current = windows.get(key);
        if (current == null || current.end - now <= 0) {
            if (byEnd.size() >= maxWindows) {
                return new Decision(false, 0, untilEnd(byEnd.peek(), now, window));
            }
            current = new Window(key, now + window.toNanos());
            windows.put(key, current);
            byEnd.add(current);
        }
        boolean allowed = current.counted < limit;
        if (allowed) {
            current.counted++;
        }
        return new Decision(allowed, Math.max(0, limit - current.counted), untilEnd(current, now, window));
    }

    private static Duration untilEnd(@Nullable Window window, long now, Duration otherwise) {
        return window == null ? otherwise : Duration.ofNanos(Math.max(1, window.end - now));
    }

    private void forgetEnded(long now) {
        Window first = byEnd.peek();
        for (int i = 0; i < FORGET_AT_ONCE && first != null && first.end - now <= 0; i++) {
            byEnd.poll();
            windows.remove(first.key, first);
            first = byEnd.peek();
        }
    }

    /// How many windows take up memory.
    synchronized int size() {
        return byEnd.size();
    }
}
