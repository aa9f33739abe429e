package io.nanogrid.db.sqlite;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;

/// Keeps a database's writer busy, so that what comes meanwhile waits.
final class BusyWriter {
    private BusyWriter() {
    }

    /// Returns once it is.
    static void hold(Lanes lanes, CountDownLatch release) throws InterruptedException {
        var held = new CountDownLatch(1);
        Thread.ofVirtual().start(() -> lanes.write(_ -> {
            held.countDown();
            try {
                return release.await(30, SECONDS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }));
        assertThat(held.await(10, SECONDS)).isTrue();
    }
}
