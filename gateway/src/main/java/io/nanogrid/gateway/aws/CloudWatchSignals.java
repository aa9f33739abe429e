package io.nanogrid.gateway.aws;

import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.metrics.Scaling;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;
import software.amazon.awssdk.services.cloudwatch.model.StandardUnit;

/// Puts the scaling signals to CloudWatch every 10 s, in one thread. What can't be had or put is left out: the next ones say more.
public final class CloudWatchSignals implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(CloudWatchSignals.class);
    private static final Duration EACH = Duration.ofSeconds(10);
    /// In seconds: kept as they come and not as averages of a minute.
    private static final int HIGH_RESOLUTION = 1;

    private final CloudWatchClient client;
    private final String namespace;
    private final Supplier<Optional<Scaling>> signals;
    private final Duration each;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    /// Only the thread uses it.
    private boolean failing;

    /// @param signals nothing where they aren't known; may throw [StorageException]
    public CloudWatchSignals(CloudWatchClient client, String namespace, Supplier<Optional<Scaling>> signals) {
        this(client, namespace, signals, EACH);
    }

    CloudWatchSignals(CloudWatchClient client, String namespace, Supplier<Optional<Scaling>> signals, Duration each) {
        this.client = client;
        this.namespace = namespace;
        this.signals = signals;
        this.each = each;
        thread = Thread.ofVirtual().name("cloudwatch").start(this::run);
    }

    private void run() {
        try {
            do {
                put();
            } while (!closing.await(each.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            LOG.debug("No more scaling signals: this process stops", e);
        }
    }

    private void put() {
        try {
            signals.get().ifPresent(now -> client.putMetricData(put -> put.namespace(namespace).metricData(data(now))));
            failing = false;
        } catch (SdkException | StorageException e) {
            LOG.atLevel(failing || closing.getCount() == 0 ? Level.DEBUG : Level.WARN)
                    .log("CloudWatch gets no scaling signals for now: {}", e.getMessage());
            failing = true;
        }
    }

    private static List<MetricDatum> data(Scaling now) {
        return List.of(datum("VisibleMessages", now.waiting()), datum("Workers", now.workers()),
                datum("WorkerCapacity", now.capacity()), datum("BacklogPerWorker", now.backlogPerWorker()));
    }

    private static MetricDatum datum(String name, double value) {
        return MetricDatum.builder().metricName(name).value(value).unit(StandardUnit.COUNT)
                .storageResolution(HIGH_RESOLUTION).build();
    }

    @Override
    public void close() {
        closing.countDown();
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
