package io.nanogrid.gateway.jobs;

import io.nanogrid.db.IdempotencyRepository;
import io.nanogrid.db.JobRepository;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.invoke.OutputStore;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Deletes what has been kept long enough: results of jobs, output files, answers to calls with an idempotency key. All of it happens in one thread.
public final class Cleaner implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Cleaner.class);
    private static final Duration BEAT = Duration.ofMinutes(1);

    private final JobRepository jobs;
    private final IdempotencyRepository idempotency;
    private final OutputStore outputs;
    private final Duration retention;
    private final InstantSource clock;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread = Thread.ofPlatform().daemon().name("cleaner").unstarted(this::run);

    /// @param retention how long the results of jobs are kept
    public Cleaner(JobRepository jobs, IdempotencyRepository idempotency, OutputStore outputs, Duration retention,
            InstantSource clock) {
        this.jobs = jobs;
        this.idempotency = idempotency;
        this.outputs = outputs;
        this.retention = retention;
        this.clock = clock;
        thread.start();
    }

    private void run() {
        try {
            do {
                clean();
            } while (!closing.await(BEAT.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void clean() {
        clean(outputs::sweep);
        clean(() -> jobs.deleteEndedBefore(clock.instant().minus(retention)));
        clean(() -> idempotency.deleteExpired(clock.instant()));
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void clean(Step step) {
        try {
            step.run();
        } catch (IOException | StorageException e) {
            LOG.warn("What is old can't be deleted yet: {}", e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("What is old can't be deleted", e);
        }
    }

    @Override
    public void close() {
        closing.countDown();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
