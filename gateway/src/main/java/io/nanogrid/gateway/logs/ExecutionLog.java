package io.nanogrid.gateway.logs;

import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionRepository;
import io.nanogrid.db.StorageException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes the records of calls in batches, off the path of the calls. Safe for use by many threads.
///
/// A record is stored a fraction of a second after its call. When storing falls behind by some ten thousand records, calls wait for it
/// rather than lose theirs. What can't be stored is tried again until [#close].
public final class ExecutionLog implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ExecutionLog.class);
    private static final int CAPACITY = 20_000;
    private static final int BATCH = 1_000;
    private static final Duration GATHER = Duration.ofMillis(100);
    /// How often the writer looks whether it is still wanted.
    private static final Duration LOOK = Duration.ofMillis(200);
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration CLEAN = Duration.ofMinutes(10);

    private final BlockingQueue<ExecutionRecord> queue = new ArrayBlockingQueue<>(CAPACITY);
    private final ExecutionRepository repository;
    private final Duration retention;
    private final InstantSource clock;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread writer;
    private volatile boolean closed;

    /// @param retention how long records are kept
    public ExecutionLog(ExecutionRepository repository, Duration retention, InstantSource clock) {
        this.repository = repository;
        this.retention = retention;
        this.clock = clock;
        this.writer = Thread.ofPlatform().daemon().name("execution-log").unstarted(this::run);
        writer.start();
    }

    public void add(ExecutionRecord execution) throws InterruptedException {
        queue.put(execution);
    }

    private void run() {
        long nextCleaning = System.nanoTime();
        List<ExecutionRecord> batch = new ArrayList<>();
        try {
            while (!closed || !queue.isEmpty()) {
                ExecutionRecord first = queue.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                if (first != null) {
                    batch.add(first);
                    // A transaction a call would cost more than the call.
                    boolean _ = stopping.await(GATHER.toMillis(), TimeUnit.MILLISECONDS);
                    do {
                        queue.drainTo(batch, BATCH - batch.size());
                        store(batch);
                        batch.clear();
                    } while (!queue.isEmpty());
                }
                if (System.nanoTime() - nextCleaning >= 0) {
                    clean();
                    nextCleaning = System.nanoTime() + CLEAN.toNanos();
                }
            }
        } catch (InterruptedException e) {
            LOG.warn("{} records of calls are lost: the log was interrupted", batch.size() + queue.size());
        }
    }

    private void store(List<ExecutionRecord> batch) throws InterruptedException {
        while (true) {
            try {
                repository.insert(batch);
                return;
            } catch (StorageException e) {
                if (closed) {
                    LOG.error("{} records of calls are lost", batch.size(), e);
                    return;
                }
                LOG.error("The records of {} calls can't be stored yet: {}", batch.size(), e.getMessage());
                TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
            } catch (RuntimeException e) {
                // Another try would end the same way, and calls would wait for it.
                LOG.error("{} records of calls can't be stored and are lost", batch.size(), e);
                return;
            }
        }
    }

    private void clean() {
        try {
            int deleted = repository.deleteOlderThan(clock.instant().minus(retention));
            if (deleted > 0) {
                LOG.info("Deleted {} records of calls that are older than {}", deleted, retention);
            }
        } catch (RuntimeException e) {
            LOG.warn("Old records of calls couldn't be deleted: {}", e.getMessage());
        }
    }

    /// Stores what is still waiting.
    @Override
    public void close() {
        closed = true;
        stopping.countDown();
        try {
            writer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
