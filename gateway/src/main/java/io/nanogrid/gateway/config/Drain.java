package io.nanogrid.gateway.config;

import java.time.Duration;
import java.util.function.LongSupplier;

/// The time that calls and jobs still have when the gateway stops. All that waits for some of them shares it, so that a stop takes no longer
/// where several wait one after the other. Safe for use by many threads.
public final class Drain {

    private final Duration time;
    private final LongSupplier nanoTime;
    /// The next two are guarded by the monitor.
    private boolean begun;
    private long end;

    /// @param time how long it is
    public Drain(Duration time) {
        this(time, System::nanoTime);
    }

    /// @param nanoTime a clock as [System#nanoTime] is one
    Drain(Duration time, LongSupplier nanoTime) {
        this.time = time;
        this.nanoTime = nanoTime;
    }

    /// From here on the time runs; a second call changes nothing.
    public synchronized void begin() {
        if (!begun) {
            begun = true;
            end = nanoTime.getAsLong() + time.toNanos();
        }
    }

    /// What is left of it, never less than nothing. The time runs from the first call on, if not before.
    public synchronized Duration left() {
        begin();
        return Duration.ofNanos(Math.max(0, end - nanoTime.getAsLong()));
    }
}
