package io.nanogrid.gateway.aws.sqs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Jobs whose messages this process holds and that haven't been begun. Safe for use by many threads.
final class ReadyJobs {

    /// For how long after somebody has asked for a job another is looked for.
    private static final Duration WANTED = Duration.ofSeconds(1);
    /// Jobs of busy functions that may lie here, so that they keep others from coming neither for long nor by filling the memory.
    private static final int MOST = 200;
    /// After this time a job that lies here goes back, so that it comes to whoever can begin it.
    private static final Duration MOST_LYING = Duration.ofMinutes(1);

    private final int atOnce;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    /// By their messages. Guarded by the lock, as are the next two.
    private final Map<Held, Ready> ready = new LinkedHashMap<>();
    private long wantedUntil = System.nanoTime();
    /// Functions whose jobs weren't wanted when one was last asked for.
    private Set<String> busy = Set.of();

    /// @param foreign whether it comes from somebody who keeps no ledger
    /// @param since when it came, by [System#nanoTime]
    record Ready(String jobId, String functionId, boolean foreign, long since) {
    }

    record Picked(Held message, Ready job) {
    }

    /// @param atOnce how many jobs to have here, at most, but for those of busy functions
    ReadyJobs(int atOnce) {
        this.atOnce = atOnce;
    }

    /// How many more may come.
    int room() {
        lock.lock();
        try {
            long fitting = ready.values().stream().filter(job -> !busy.contains(job.functionId())).count();
            return wantedUntil - System.nanoTime() > 0 ? (int) Math.min(atOnce - fitting, MOST - ready.size()) : 0;
        } finally {
            lock.unlock();
        }
    }

    /// Forgets a job that has lain here for too long.
    ///
    /// @return whether its message is to be held on
    boolean isWorthHolding(Held message) {
        lock.lock();
        try {
            Ready waiting = ready.get(message);
            if (waiting == null || System.nanoTime() - waiting.since() < MOST_LYING.toNanos()) {
                return true;
            }
            ready.remove(message);
            return false;
        } finally {
            lock.unlock();
        }
    }

    void add(Held message, Ready job) {
        lock.lock();
        try {
            ready.put(message, job);
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// @param except functions of which no job is to be taken
    List<Picked> pick(int max, Set<String> except) {
        List<Picked> picked = new ArrayList<>();
        lock.lock();
        try {
            Iterator<Map.Entry<Held, Ready>> all = ready.entrySet().iterator();
            while (picked.size() < max && all.hasNext()) {
                Map.Entry<Held, Ready> next = all.next();
                if (!except.contains(next.getValue().functionId())) {
                    picked.add(new Picked(next.getKey(), next.getValue()));
                    all.remove();
                }
            }
            return picked;
        } finally {
            lock.unlock();
        }
    }

    void layBack(List<Picked> picked) {
        lock.lock();
        try {
            picked.forEach(next -> ready.put(next.message(), next.job()));
        } finally {
            lock.unlock();
        }
    }

    /// Makes room for jobs, for as long as one is waited for.
    void want(Set<String> except, long nanos) {
        lock.lock();
        try {
            wantedUntil = System.nanoTime() + Math.max(nanos, WANTED.toNanos());
            busy = except;
        } finally {
            lock.unlock();
        }
    }

    /// @return false when the time is over
    boolean await(Set<String> except, long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (ready.values().stream().allMatch(job -> except.contains(job.functionId()))) {
                if (left <= 0) {
                    return false;
                }
                left = arrived.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }
}
