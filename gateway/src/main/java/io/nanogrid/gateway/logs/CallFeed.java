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
import org.jspecify.annotations.Nullable;

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
        record Closed(Why why) implements Event {
        }
    }

    /// Why a listener is told nothing more.
    public enum Why {
        GATEWAY_STOPS, FUNCTION_DELETED,
        /// The listener may not know any more, nor what waits for it.
        ACCESS_LOST
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
            listener.end(Why.GATEWAY_STOPS);
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

    /// Ends those that listen to a function. Who begins to listen afterwards waits for calls that don't come.
    public void functionDeleted(String functionId) {
        listeners.getOrDefault(functionId, List.of()).forEach(listener -> listener.end(Why.FUNCTION_DELETED));
    }

    /// Ends all listeners, those that come later too.
    @Override
    public synchronized void close() {
        closed = true;
        listeners.values().forEach(each -> each.forEach(listener -> listener.end(Why.GATEWAY_STOPS)));
    }

    /// One reader of the feed. The lock guards its fields.
    public final class Listener implements AutoCloseable {

        private final String functionId;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private final Queue<ExecutionRecord> waiting = new ArrayDeque<>();
        private int text;
        private long missed;
        private @Nullable Why ended;

        private Listener(String functionId) {
            this.functionId = functionId;
        }

        private void offer(ExecutionRecord call) {
            int length = length(call);
            lock.lock();
            try {
                if (ended != null) {
                    return;
                }
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

        /// Has [#next] tell that there is nothing more to come.
        public void end(Why why) {
            lock.lock();
            try {
                ended = why;
                if (why == Why.ACCESS_LOST) {
                    waiting.clear();
                    missed = 0;
                }
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
                while (waiting.isEmpty() && missed == 0 && ended == null && left > 0) {
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
                return ended == null ? new Event.Nothing() : new Event.Closed(ended);
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
