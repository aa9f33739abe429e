package io.nanogrid.gateway.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.metrics.Scaling;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A server that takes requests as CloudWatch does: there is none to be run here.
final class CloudWatchSignalsTest {

    private static final String PUT = "/service/GraniteServiceVersion20100801/operation/PutMetricData";

    /// The bodies of requests, in CBOR, of which texts can be read as they are.
    private final BlockingQueue<String> bodies = new LinkedBlockingQueue<>();
    private final AtomicInteger status = new AtomicInteger(200);
    private HttpServer server;
    private LocalCloud cloud;
    private AwsClients clients;

    @BeforeEach
    void start() throws Exception {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(PUT, exchange -> {
            bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
            exchange.getResponseHeaders().add("smithy-protocol", "rpc-v2-cbor");
            exchange.sendResponseHeaders(status.get(), -1);
            exchange.close();
        });
        server.start();
        cloud = LocalCloud.with();
        clients = new AwsClients(cloud.config("AWS_ENDPOINT_URL_CLOUDWATCH",
                "http://127.0.0.1:" + server.getAddress().getPort()));
    }

    @AfterEach
    void stop() {
        clients.close();
        cloud.close();
        server.stop(0);
    }

    private CloudWatchSignals signals(Duration each, Supplier<Optional<Scaling>> scaling) {
        return new CloudWatchSignals(clients.cloudWatch(), "grid/one", scaling, each);
    }

    private String next() throws InterruptedException {
        String body = bodies.poll(30, TimeUnit.SECONDS);
        assertThat(body).as("a request").isNotNull();
        return body;
    }

    @Test
    void whatWaitsAndWhoWorksIsPutIntoTheNamespace() throws Exception {
        try (CloudWatchSignals _ = signals(Duration.ofHours(1), () -> Optional.of(new Scaling(30, 4, 64)))) {
            assertThat(next()).contains("grid/one", "VisibleMessages", "WorkerCapacity", "Workers")
                    // 7.5 as CBOR has it.
                    .containsPattern("BacklogPerWorker.{0,8}Value\u00fa@\u00f0\0\0");
        }
    }

    @Test
    void itGoesOnAfterWhatCantBeHadOrPut() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        status.set(400);
        try (CloudWatchSignals _ = signals(Duration.ofMillis(20), () -> switch (asked.getAndIncrement()) {
            case 0 -> throw new StorageException("gone");
            case 1 -> Optional.empty();
            default -> Optional.of(new Scaling(1, 0, 0));
        })) {
            next();
            status.set(200);
            next();
            assertThat(next()).contains("BacklogPerWorker");
        }
    }
}
