package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.StorageException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Has others see that this gateway lives, so that they leave alone what it has in the making. All of it happens in one virtual thread.
final class SignsOfLife implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SignsOfLife.class);

    private final Makers makers;
    private final Duration beat;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread = Thread.ofVirtual().name("signs-of-life").unstarted(this::run);

    SignsOfLife(Makers makers, Duration beat) {
        this.makers = makers;
        this.beat = beat;
        thread.start();
    }

    private void run() {
        try {
            do {
                giveSign();
            } while (!closing.await(beat.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void giveSign() {
        try {
            makers.giveSign();
        } catch (StorageException e) {
            LOG.debug("Others can't see that this gateway lives: {}", e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("Others can't see that this gateway lives", e);
        }
    }

    /// Returns when no sign is given any more.
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
