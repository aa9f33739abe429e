package io.nanogrid.gateway.redis;

import java.time.Duration;
import java.util.function.LongSupplier;

/// Keeps callers from waiting for a server that doesn't answer: after a failure nobody asks for a while, then one caller tries.
///
/// Its monitor guards all fields, and is never held across anything that blocks.
final class Breaker {

    private final LongSupplier nanos;
    private final long pauseNanos;
    private boolean open;
    private long retryAt;

    /// @param nanos a clock that never goes back, as [System#nanoTime] does
    /// @param pause between two tries while it fails
    Breaker(LongSupplier nanos, Duration pause) {
        this.nanos = nanos;
        this.pauseNanos = pause.toNanos();
    }

    /// Whether nobody may ask the server just now.
    synchronized boolean refuses() {
        return open && nanos.getAsLong() - retryAt < 0;
    }

    /// Whether the caller may ask the server, which while it fails is one in each pause; it then tells how that ended, unless it doesn't know.
    synchronized boolean admits() {
        if (refuses()) {
            return false;
        }
        retryAt = nanos.getAsLong() + pauseNanos;
        return true;
    }

    /// @return whether this is news
    synchronized boolean failed() {
        boolean news = !open;
        open = true;
        retryAt = nanos.getAsLong() + pauseNanos;
        return news;
    }

    /// @return whether this is news
    synchronized boolean succeeded() {
        boolean news = open;
        open = false;
        return news;
    }
}
