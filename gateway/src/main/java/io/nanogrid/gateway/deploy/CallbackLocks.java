package io.nanogrid.gateway.deploy;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/// One lock a callback, there as long as somebody wants it. Whoever came first gets it first.
final class CallbackLocks {

    /// Guarded by its own monitor.
    private final Map<Long, Entry> entries = new HashMap<>();

    private static final class Entry {
        final ReentrantLock lock = new ReentrantLock(true);
        int wanted;
    }

    /// To be closed by the thread that got it.
    interface Held extends AutoCloseable {
        @Override
        void close();
    }

    Held hold(long callbackId) throws InterruptedException {
        Entry entry;
        synchronized (entries) {
            entry = entries.computeIfAbsent(callbackId, _ -> new Entry());
            entry.wanted++;
        }
        try {
            entry.lock.lockInterruptibly();
        } catch (InterruptedException e) {
            release(callbackId, entry);
            throw e;
        }
        return () -> {
            entry.lock.unlock();
            release(callbackId, entry);
        };
    }

    private void release(long callbackId, Entry entry) {
        synchronized (entries) {
            if (--entry.wanted == 0) {
                entries.remove(callbackId);
            }
        }
    }
}
