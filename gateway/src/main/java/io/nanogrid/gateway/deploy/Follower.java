package io.nanogrid.gateway.deploy;

import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.engine.EngineException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// Keeps what this process holds in memory as it is stored, while other gateways change that. It is told of their changes, and looks for itself
/// whether it has missed any.
///
/// Safe for use by many threads. Each thing that has changed is followed in a thread of its own, so that one whose libraries take minutes keeps no
/// other waiting; what can't be followed is tried again, less and less often. The monitor guards what is under way.
public final class Follower implements ChangeListener, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Follower.class);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LAST_PAUSE = Duration.ofMinutes(1);
    private static final long NEVER_LOOKED = -1;

    private final @Nullable Deployer callbacks;
    private final FunctionDeployer functions;
    private final Runnable keys;
    private final LongSupplier changes;
    private final Duration beat;
    private final Map<Change, Task> underWay = new HashMap<>();
    private final AtomicBoolean missed = new AtomicBoolean();
    private final Semaphore woken = new Semaphore(0);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread watch = Thread.ofVirtual().name("follow").unstarted(this::watch);

    /// @param callbacks null in a process that serves none
    /// @param keys reads the keys again
    /// @param changes counts what has been changed, by anyone; throws [StorageException] where that can't be had
    /// @param beat how often to look at `changes`
    public Follower(@Nullable Deployer callbacks, FunctionDeployer functions, Runnable keys, LongSupplier changes,
            Duration beat) {
        this.callbacks = callbacks;
        this.functions = functions;
        this.keys = keys;
        this.changes = changes;
        this.beat = beat;
    }

    /// One thing that is being followed.
    private static final class Task {
        private final Thread thread;
        /// It has changed once more since the present look at it began.
        private boolean again;

        private Task(Thread thread) {
            this.thread = thread;
        }
    }

    /// Looks for itself from here on. To be called once.
    public void start() {
        watch.start();
    }

    @Override
    public synchronized void changed(Change change) {
        if (closing.getCount() == 0) {
            return;
        }
        Task present = underWay.get(change);
        if (present != null) {
            present.again = true;
            return;
        }
        Task task = new Task(Thread.ofVirtual().name("follow " + change).unstarted(() -> run(change)));
        underWay.put(change, task);
        task.thread.start();
    }

    @Override
    public void mayHaveMissed() {
        missed.set(true);
        woken.release();
    }

    private void run(Change change) {
        Duration pause = FIRST_PAUSE;
        try {
            do {
                while (!followed(change)) {
                    if (closing.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                        return;
                    }
                    pause = pause.multipliedBy(2).compareTo(LAST_PAUSE) > 0 ? LAST_PAUSE : pause.multipliedBy(2);
                }
            } while (!isDone(change));
        } catch (InterruptedException e) {
            LOG.debug("{} isn't followed any more, as this process stops", change);
        }
    }

    private synchronized boolean isDone(Change change) {
        Task task = underWay.get(change);
        if (task != null && task.again) {
            task.again = false;
            return false;
        }
        underWay.remove(change);
        return true;
    }

    private boolean followed(Change change) throws InterruptedException {
        try {
            switch (change) {
                case Change.Callback(long id) -> {
                    if (callbacks != null) {
                        callbacks.follow(id);
                    }
                }
                case Change.Function(String id) -> functions.follow(id);
                case Change.Keys() -> keys.run();
            }
            return true;
        } catch (InvalidDefinition | EngineException | IOException | StorageException e) {
            LOG.error("What another gateway has changed can't be had here yet ({}): {}", change, e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("What another gateway has changed can't be had here yet ({})", change, e);
        }
        return false;
    }

    private void watch() {
        long seen = NEVER_LOOKED;
        boolean lost = false;
        try {
            while (closing.getCount() > 0) {
                boolean asked = missed.getAndSet(false);
                try {
                    long count = changes.getAsLong();
                    if (asked || count != seen) {
                        lookOver();
                    }
                    seen = count;
                    lost = false;
                } catch (StorageException e) {
                    seen = NEVER_LOOKED;
                    LOG.atLevel(lost ? Level.DEBUG : Level.WARN)
                            .log("What other gateways change isn't seen for now: {}", e.getMessage());
                    lost = true;
                }
                if (woken.tryAcquire(beat.toMillis(), TimeUnit.MILLISECONDS)) {
                    woken.drainPermits();
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("Nothing is followed any more, as this process stops", e);
        }
    }

    /// Compares all that is in memory with what is stored.
    private void lookOver() {
        keys.run();
        if (callbacks != null) {
            callbacks.outdated().forEach(id -> changed(new Change.Callback(id)));
        }
        functions.outdated().forEach(id -> changed(new Change.Function(id)));
    }

    /// Returns when nothing is followed any more.
    @Override
    public void close() {
        List<Thread> threads;
        synchronized (this) {
            closing.countDown();
            threads = underWay.values().stream().map(task -> task.thread).toList();
        }
        threads.forEach(Thread::interrupt);
        watch.interrupt();
        try {
            watch.join();
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
