package io.nanogrid.gateway.metrics;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What costs something to read, and is therefore read once in a while, however often it is asked for. Safe for use by many threads: one reads, and
/// the others get what was read before, or wait where there is nothing yet.
public final class Kept<T> implements Supplier<T> {

    private final Duration fresh;
    private final Supplier<T> source;
    private final LongSupplier nanoTime;
    private final ReentrantLock reading = new ReentrantLock();
    private volatile @Nullable Read<T> last;

    private record Read<T>(T value, long at) {
    }

    /// @param fresh how long what was read is good for
    /// @param source may throw: whoever asked is told, nothing is kept, and the next who asks tries again
    public Kept(Duration fresh, Supplier<T> source) {
        this(fresh, source, System::nanoTime);
    }

    Kept(Duration fresh, Supplier<T> source, LongSupplier nanoTime) {
        this.fresh = fresh;
        this.source = source;
        this.nanoTime = nanoTime;
    }

    @Override
    public T get() {
        Read<T> before = last;
        if (before == null) {
            reading.lock();
        } else if (isFresh(before) || !reading.tryLock()) {
            return before.value;
        }
        try {
            Read<T> meanwhile = last;
            return meanwhile != null && isFresh(meanwhile) ? meanwhile.value : read();
        } finally {
            reading.unlock();
        }
    }

    private boolean isFresh(Read<T> read) {
        return nanoTime.getAsLong() - read.at < fresh.toNanos();
    }

    private T read() {
        Read<T> now = null;
        try {
            T value = source.get();
            now = new Read<>(value, nanoTime.getAsLong());
            return value;
        } finally {
            last = now;
        }
    }
}
