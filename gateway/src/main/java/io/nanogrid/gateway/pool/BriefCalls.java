package io.nanogrid.gateway.pool;

import java.time.Duration;

/// Tells whether the calls of a version are brief, by a moving average of how long they keep an instance. Guarded by the pool's lock.
final class BriefCalls {

    private static final long BRIEF_NANOS = Duration.ofMillis(2).toNanos();
    /// Each call counts for one part of so many.
    private static final int WEIGHT = 8;

    /// Not before some calls have shown it.
    private long average = 10 * BRIEF_NANOS;

    void ended(long nanos) {
        // One long call shows at once that there are such calls, and is forgotten after some dozens of brief ones.
        average += (Math.min(nanos, 100 * BRIEF_NANOS) - average) / WEIGHT;
    }

    boolean areBrief() {
        return average < BRIEF_NANOS;
    }
}
