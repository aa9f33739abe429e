package io.nanogrid.gateway.aws.sqs;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;

/// Has requests that come together made as one, since SQS takes its time, and its money, for each. What comes alone goes alone. Safe for use by many
/// threads.
final class Batches<T> implements AutoCloseable {

    /// SQS's own bound for one request.
    static final int AT_ONCE = 10;
    /// Requests on their way at once.
    private static final int MOST_SENDERS = 4;

    private final Duration gather;
    private final Function<List<T>, Map<Integer, String>> request;
    private final ReentrantLock lock = new ReentrantLock();
    /// Signalled when a batch is full, when a sender has ended, and at the close.
    private final Condition changed = lock.newCondition();
    /// Guarded by the lock, as are the next two.
    private final Deque<Waiting<T>> waiting = new ArrayDeque<>();
    private int senders;
    private boolean closing;

    private record Waiting<T>(T item, CompletableFuture<Void> done) {
    }

    /// @param gather how long what comes may wait for more
    /// @param request makes the request for up to [#AT_ONCE], in a thread of its own; gives the messages of those that failed by their places
    Batches(Duration gather, Function<List<T>, Map<Integer, String>> request) {
        this.gather = gather;
        this.request = request;
    }

    /// @return ends with the request; exceptionally, with an [SdkException], where it failed for this one
    CompletableFuture<Void> add(T item) {
        Waiting<T> added = new Waiting<>(item, new CompletableFuture<>());
        lock.lock();
        try {
            waiting.add(added);
            if (senders == 0 || (waiting.size() > AT_ONCE && senders < MOST_SENDERS)) {
                senders++;
                Thread.ofVirtual().name("sqs-batch").start(this::send);
            } else if (waiting.size() >= AT_ONCE) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        return added.done();
    }

    private void send() {
        for (List<Waiting<T>> batch = next(); !batch.isEmpty(); batch = next()) {
            try {
                Map<Integer, String> failed = request.apply(batch.stream().map(Waiting::item).toList());
                for (int i = 0; i < batch.size(); i++) {
                    String failure = failed.get(i);
                    if (failure == null) {
                        batch.get(i).done().complete(null);
                    } else {
                        batch.get(i).done().completeExceptionally(SdkClientException.create(failure));
                    }
                }
            } catch (RuntimeException | Error e) {
                batch.forEach(one -> one.done().completeExceptionally(e));
            }
        }
    }

    /// @return what goes together now; empty where this sender isn't needed any more
    private List<Waiting<T>> next() {
        lock.lock();
        try {
            for (long left = gather.toNanos(); left > 0 && waiting.size() < AT_ONCE && !waiting.isEmpty()
                    && !closing;) {
                left = changed.awaitNanos(left);
            }
            List<Waiting<T>> batch = new ArrayList<>();
            while (batch.size() < AT_ONCE && !waiting.isEmpty()) {
                batch.add(waiting.remove());
            }
            if (batch.isEmpty()) {
                senders--;
                changed.signalAll();
            }
            return batch;
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        } finally {
            lock.unlock();
        }
    }

    /// Waits a while for what has been added.
    @Override
    public void close() {
        lock.lock();
        try {
            closing = true;
            changed.signalAll();
            long left = TimeUnit.SECONDS.toNanos(10);
            while (senders > 0 && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
