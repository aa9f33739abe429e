package io.nanogrid.gateway.engine;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/// Lets those who want the same key do so one after the other, in the order in which they asked. Keys cost nothing while nobody wants them.
///
/// Safe for use by many threads. The monitor of the map guards it and its queues; nobody waits while holding it.
public final class Turns<K> {

    private final Map<K, Deque<Turn>> queues = new HashMap<>();

    /// Takes a place in the order of `key`, without waiting for its turn.
    public Turn ask(K key) {
        Turn turn = new Turn(key);
        synchronized (queues) {
            Deque<Turn> queue = queues.computeIfAbsent(key, _ -> new ArrayDeque<>());
            queue.add(turn);
            queue.getFirst().come.countDown();
        }
        return turn;
    }

    /// Asks, and waits for the turn.
    public Turn take(K key) throws InterruptedException {
        Turn turn = ask(key);
        try {
            turn.await();
            return turn;
        } catch (InterruptedException e) {
            turn.close();
            throw e;
        }
    }

    /// As [#take], for what must be done even if the calling thread is interrupted.
    public Turn takeSurely(K key) {
        Turn turn = ask(key);
        boolean interrupted = false;
        while (true) {
            try {
                turn.await();
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return turn;
    }

    /// A place in the order of one key, to be closed by whoever is done with it, or doesn't want it any more. Not bound to a thread.
    public final class Turn implements AutoCloseable {

        private final K key;
        private final CountDownLatch come = new CountDownLatch(1);

        private Turn(K key) {
            this.key = key;
        }

        /// Whether somebody else goes first.
        public boolean waits() {
            return come.getCount() > 0;
        }

        public void await() throws InterruptedException {
            come.await();
        }

        @Override
        public void close() {
            synchronized (queues) {
                Deque<Turn> queue = queues.get(key);
                if (queue == null || !queue.remove(this)) {
                    return;
                }
                if (queue.isEmpty()) {
                    queues.remove(key);
                } else {
                    queue.getFirst().come.countDown();
                }
            }
        }
    }
}
