package io.nanogrid.gateway.aws.sqs;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The jobs that this process runs, with the messages that keep them from others. Safe for use by many threads.
final class BegunJobs {

    private final ReentrantLock lock = new ReentrantLock();
    /// By the jobs' ids. Guarded by the lock.
    private final Map<String, Run> begun = new HashMap<>();

    /// @param message the one that keeps the job from others
    /// @param attempt that this process makes; 0 until the ledger has said
    private record Run(Held message, int attempt) {
    }

    /// Has the job be held by this message from now on.
    ///
    /// @return the message that held it until now, if it is run here already
    @Nullable
    Held begin(String id, Held message) {
        lock.lock();
        try {
            Run present = begun.get(id);
            begun.put(id, new Run(message, present == null ? 0 : present.attempt()));
            return present == null ? null : present.message();
        } finally {
            lock.unlock();
        }
    }

    void number(String id, int attempt) {
        lock.lock();
        try {
            begun.computeIfPresent(id, (_, run) -> new Run(run.message(), attempt));
        } finally {
            lock.unlock();
        }
    }

    /// @return 0 where this process doesn't run the job
    int attempt(String id) {
        lock.lock();
        try {
            Run run = begun.get(id);
            return run == null ? 0 : run.attempt();
        } finally {
            lock.unlock();
        }
    }

    /// @return null where this process doesn't run the job
    @Nullable
    Held message(String id) {
        lock.lock();
        try {
            Run run = begun.get(id);
            return run == null ? null : run.message();
        } finally {
            lock.unlock();
        }
    }

    /// @return the message to be ended too, unless the job wasn't run here
    @Nullable
    Held end(String id) {
        lock.lock();
        try {
            Run run = begun.remove(id);
            return run == null ? null : run.message();
        } finally {
            lock.unlock();
        }
    }
}
