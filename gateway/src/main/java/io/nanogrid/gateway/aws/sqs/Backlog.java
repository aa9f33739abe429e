package io.nanogrid.gateway.aws.sqs;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/// How many messages wait, about: SQS is asked once in a while, and what this process has sent since is added. Safe for use by many threads.
final class Backlog {

    private static final Duration FRESH = Duration.ofSeconds(1);

    private final LongSupplier source;
    private final ReentrantLock lock = new ReentrantLock();
    /// Guarded by the lock, as are the next three.
    private long known;
    private long sent;
    private long askedAt;
    private boolean asked;

    Backlog(LongSupplier source) {
        this.source = source;
    }

    /// Counts one more, unless `most` wait already. One asks SQS, and the others go by what is known meanwhile.
    ///
    /// @throws io.nanogrid.db.StorageException if SQS can't be asked
    boolean admit(long most) {
        if (isToAsk()) {
            ask();
        }
        lock.lock();
        try {
            if (known + sent >= most) {
                return false;
            }
            sent++;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private boolean isToAsk() {
        lock.lock();
        try {
            long now = System.nanoTime();
            if (asked && now - askedAt <= FRESH.toNanos()) {
                return false;
            }
            asked = true;
            askedAt = now;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void ask() {
        long before = counted();
        long waiting = source.getAsLong();
        lock.lock();
        try {
            known = waiting;
            sent = Math.max(0, sent - before);
            askedAt = System.nanoTime();
        } finally {
            lock.unlock();
        }
    }

    private long counted() {
        lock.lock();
        try {
            return sent;
        } finally {
            lock.unlock();
        }
    }
}
