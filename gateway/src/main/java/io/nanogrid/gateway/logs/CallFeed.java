package io.nanogrid.gateway.logs;

import io.nanogrid.db.ExecutionRecord;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/// The records of calls as they end, to whoever listens to a function. Safe for use by many threads; no call waits for a listener, and
/// without one a call pays nothing.
public final class CallFeed implements AutoCloseable {

    /// How many records wait for a listener that is slow, and how many characters of output with them.
    private static final int MAX_RECORDS = 1_000;
    private static final int MAX_TEXT = 4 << 20;

    /// By function; each list is replaced as a whole.
    private final Map<String, List<Listener>> listeners = new ConcurrentHashMap<>();
    private volatile boolean listened;
    private boolean closed;

    /// What a listener is told.
    public sealed interface Event {

        record Ended(ExecutionRecord call) implements Event {
        }

        /// So many calls ended that the listener wasn't told of, as it read too slowly.
        record Missed(long calls) implements Event {
        }

        /// Nothing happened for as long as the listener wanted to wait.
        record Nothing() implements Event {
        }

        /// There is nothing more to come.
        record Closed() implements Event {
        }
    }

    /// To be given to [ExecutionLog#listen].
    public void publish(ExecutionRecord call) {
        if (listened) {
            listeners.getOrDefault(call.functionId(), List.of()).forEach(listener -> listener.offer(call));
        }
    }

    /// Listens to a function's calls from now on, until it is closed.
    public synchronized Listener listen(String functionId) {
        Listener listener = new Listener(functionId);
        if (closed) {
            listener.end();
        } else {
            listeners.merge(functionId, List.of(listener),
                    (before, added) -> Stream.concat(before.stream(), added.stream()).toList());
            listened = true;
        }
        return listener;
    }

    private synchronized void remove(Listener listener) {
        listeners.computeIfPresent(listener.functionId, (_, before) -> {
            List<Listener> rest = before.stream().filter(other -> other != listener).toList();
            return rest.isEmpty() ? null : rest;
        });
        listened = !listeners.isEmpty();
    }

    /// Ends all listeners, those that come later too.
    @Override
    public synchronized void close() {
        closed = true;
        listeners.values().forEach(each -> each.forEach(Listener::end));
    }

    /// One reader of the feed. The lock guards its fields.
    public final class Listener implements AutoCloseable {

        private final String functionId;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private final Queue<ExecutionRecord> waiting = new ArrayDeque<>();
        private int text;
        private long missed;
        private boolean ended;

        private Listener(String functionId) {
            this.functionId = functionId;
        }

        private void offer(ExecutionRecord call) {
            int length = length(call);
            lock.lock();
            try {
                // Once some are missed, the listener is told so before any more.
                if (missed > 0 || waiting.size() >= MAX_RECORDS || text + length > MAX_TEXT) {
                    missed++;
                } else {
                    waiting.add(call);
                    text += length;
                }
                changed.signal();
            } finally {
                lock.unlock();
            }
        }

        private static int length(ExecutionRecord call) {
            return call.stdout().length() + call.stderr().length();
        }

        private void end() {
            lock.lock();
            try {
                ended = true;
                changed.signal();
            } finally {
                lock.unlock();
            }
        }

        /// Waits for what comes next, in the order in which calls ended.
        public Event next(Duration patience) throws InterruptedException {
            lock.lock();
            try {
                long left = patience.toNanos();
                while (waiting.isEmpty() && missed == 0 && !ended && left > 0) {
                    left = changed.awaitNanos(left);
                }
                ExecutionRecord call = waiting.poll();
                if (call != null) {
                    text -= length(call);
                    return new Event.Ended(call);
                }
                if (missed > 0) {
                    Event.Missed event = new Event.Missed(missed);
                    missed = 0;
                    return event;
                }
                return ended ? new Event.Closed() : new Event.Nothing();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            remove(this);
        }
    }
}
