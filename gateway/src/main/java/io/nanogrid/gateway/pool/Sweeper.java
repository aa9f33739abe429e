package io.nanogrid.gateway.pool;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks at the pool at a steady beat, so that a warm call needs no timer of its own.
final class Sweeper implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;

    Sweeper(InstancePool pool, Duration beat) {
        thread = Thread.ofPlatform().daemon().name("pool-sweeper").unstarted(() -> run(pool, beat));
        thread.start();
    }

    private void run(InstancePool pool, Duration beat) {
        try {
            while (!closed.await(beat.toNanos(), TimeUnit.NANOSECONDS)) {
                try {
                    pool.sweep(System.nanoTime());
                } catch (RuntimeException | Error e) {
                    // Calls wait for its next look: nobody else ends what takes too long.
                    LOG.error("The pool couldn't be swept", e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
