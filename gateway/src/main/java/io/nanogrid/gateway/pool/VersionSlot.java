package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.pool.InstanceState.Busy;
import io.nanogrid.gateway.pool.InstanceState.Idle;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/// The pool's books of one function version. Guarded by the pool's lock.
final class VersionSlot {

    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    final FunctionVersion version;
    final int limit;
    /// The most recently used one is last and is taken first, so that the others can grow old.
    final Deque<PooledInstance> idle = new ArrayDeque<>();
    final Set<PooledInstance> busy = new HashSet<>();
    /// In order of arrival.
    final Deque<Waiter> waiters = new ArrayDeque<>();
    final BriefCalls brief = new BriefCalls();
    int starting;
    boolean retired;
    /// Until when no further instance is started beside those that are there, by [System#nanoTime].
    long pausedUntil = System.nanoTime();

    VersionSlot(FunctionVersion version, int limit) {
        this.version = version;
        this.limit = limit;
    }

    int size() {
        return idle.size() + busy.size() + starting;
    }

    /// What a call is told that can't be served: whether as many instances as the owner allows stand in its way, or the machine.
    Acquired full() {
        Integer own = version.concurrency();
        return new Acquired.Full(own != null && size() >= own, RETRY_AFTER);
    }

    boolean unused() {
        return size() == 0 && waiters.isEmpty();
    }

    /// When its least recently used idle instance became idle; the maximum where there is none.
    long oldestIdleSince() {
        PooledInstance oldest = idle.peekFirst();
        return oldest != null && oldest.state instanceof Idle(long since) ? since : Long.MAX_VALUE;
    }

    /// Takes out the idle instances that are chosen.
    List<PooledInstance> takeIdle(Predicate<Idle> chosen) {
        List<PooledInstance> taken = new ArrayList<>();
        idle.removeIf(instance -> instance.state instanceof Idle state && chosen.test(state) && taken.add(instance));
        return taken;
    }

    /// Takes out the instances whose calls have passed their deadline.
    List<PooledInstance> takeOverdue(long now) {
        List<PooledInstance> taken = new ArrayList<>();
        busy.removeIf(instance -> instance.state instanceof Busy(_, long deadline) && deadline != Long.MAX_VALUE
                && now - deadline >= 0 && taken.add(instance));
        return taken;
    }

    /// Ends the wait of calls that have waited for so long, and forgets those that have given up.
    void dropWaiters(long now, Duration patience) {
        waiters.removeIf(waiter -> {
            boolean tooLong = now - waiter.sinceNanos >= patience.toNanos();
            return tooLong && waiter.answer.complete(full()) || waiter.answer.isDone();
        });
    }

    /// How long its first call has waited, in nanoseconds; 0 where none waits.
    long waited(long now) {
        Waiter first = waiters.peek();
        return first == null ? 0 : now - first.sinceNanos;
    }

    /// A call that waits for an instance. Whoever completes `answer` first decides: the pool, or the caller's patience.
    static final class Waiter {
        final CompletableFuture<Acquired> answer = new CompletableFuture<>();
        final long sinceNanos;

        Waiter(long sinceNanos) {
            this.sinceNanos = sinceNanos;
        }
    }
}
