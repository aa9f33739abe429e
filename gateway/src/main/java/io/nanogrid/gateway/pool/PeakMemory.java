package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.engine.EngineInstance;
import java.time.Duration;
import java.util.OptionalLong;

/// The most memory that one instance has used. Used by one thread at a time.
final class PeakMemory {

    private static final long SHORT_NANOS = Duration.ofMillis(1).toNanos();
    private static final long FRESH_NANOS = Duration.ofMillis(100).toNanos();

    private final EngineInstance process;
    private OptionalLong known = OptionalLong.empty();
    private long knownSince;

    PeakMemory(EngineInstance process) {
        this.process = process;
    }

    /// The figure after a call that ran for so long, in bytes.
    OptionalLong after(long ranNanos) {
        long now = System.nanoTime();
        if (known.isEmpty() || ranNanos >= SHORT_NANOS || now - knownSince >= FRESH_NANOS) {
            known = process.peakMemoryBytes();
            knownSince = now;
        }
        return known;
    }
}
