package io.nanogrid.gateway.aws.sqs;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/// How many messages wait, about: SQS is asked once in a while, and what this process has sent since is added. Safe for use by many threads.
final class Backlog {

    private static final Duration FRESH = Duration.ofSeconds(1);

    private final LongSupplier source;
    private final ReentrantLock lock = new ReentrantLock();
    /// Guarded by the lock, as are the next two.
    private long known;
    private long sent;
    private long askedAt;
    private boolean asked;

    Backlog(LongSupplier source) {
        this.source = source;
    }

    /// Counts one more, unless `most` wait already.
    boolean admit(long most) {
        lock.lock();
        try {
            long now = System.nanoTime();
            if (!asked || now - askedAt > FRESH.toNanos()) {
                known = source.getAsLong();
                sent = 0;
                askedAt = now;
                asked = true;
            }
            if (known + sent >= most) {
                return false;
            }
            sent++;
            return true;
        } finally {
            lock.unlock();
        }
    }
}
