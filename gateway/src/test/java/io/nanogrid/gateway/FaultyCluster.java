package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestCluster.Ways;
import io.nanogrid.gateway.TestGateway.Answer;
import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// A gateway that has its calls run by a worker, whose ways to the services are spoilt by the tests, one after the other.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class FaultyCluster {

    private static final String FUNCTION = """
            import time
            def handler(event, context):
                time.sleep(event.get("sleep", 0))
                return event.get("n")
            """;
    private static final Executor THREADS = Thread::startVirtualThread;
    static final Duration FUNCTION_TIMEOUT = Duration.ofSeconds(3);
    /// No caller waits longer for a refusal, whatever the service does.
    private static final Duration BOUND = Duration.ofSeconds(20);

    TestCluster cluster;
    Ways ofGateway;
    Ways ofWorker;
    TestGateway gateway;
    String function;
    private WorkerWiring worker;

    enum Fault {
        GONE {
            @Override
            void spoil(FaultProxy proxy, Service service) {
                proxy.cut();
            }
        },
        HUNG {
            @Override
            void spoil(FaultProxy proxy, Service service) {
                proxy.hang();
            }
        },
        THROTTLED {
            @Override
            void spoil(FaultProxy proxy, Service service) {
                switch (service) {
                    case DYNAMODB -> proxy.answer(MANY, 400, "application/x-amz-json-1.0",
                            "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ThrottlingException\",\"message\":\"slower\"}");
                    case SQS -> proxy.answer(MANY, 400, "application/x-amz-json-1.0",
                            "{\"__type\":\"com.amazonaws.sqs#RequestThrottled\",\"message\":\"slower\"}");
                    case S3 -> proxy.answer(MANY, 503, "application/xml",
                            "<Error><Code>SlowDown</Code><Message>slower</Message></Error>");
                    case REDIS -> throw new IllegalArgumentException("Redis throttles nobody");
                }
            }
        };

        private static final int MANY = 1_000_000;

        abstract void spoil(FaultProxy proxy, Service service);
    }

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        cluster = new TestCluster(directory);
        ofGateway = cluster.ways();
        ofWorker = cluster.ways();
        gateway = cluster.gateway(ofGateway, InstantSource.system());
        worker = cluster.worker(ofWorker, InstantSource.system());
        function = gateway.function("python", FUNCTION, "timeoutMs", FUNCTION_TIMEOUT.toMillis());
        gateway.run(function, "{}").expect(200);
        gateway.deploy("f", "python", FUNCTION, "timeout_ms", FUNCTION_TIMEOUT.toMillis()).expect(200);
    }

    @AfterAll
    void stop() throws Exception {
        cluster.close();
    }

    @AfterEach
    void everythingWorksAgain() throws Exception {
        ofGateway.heal();
        ofWorker.heal();
        eventually().until(() -> gateway.get("/health").status() == 200);
        // Each may go to a poll that has died, and come again after a while.
        CompletableFuture<Void> call = CompletableFuture.runAsync(
                () -> eventually().until(() -> gateway.run(function, "{\"n\": 1}").status() == 200), THREADS);
        assertThat(gateway.result(gateway.accept(function, "{\"n\": 2}")).path("result").asInt()).isEqualTo(2);
        call.join();
        eventually().until(() -> cluster.messages() == 0);
    }

    static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(50));
    }

    void spoil(Fault fault, Service service) {
        fault.spoil(ofGateway.to(service), service);
        fault.spoil(ofWorker.to(service), service);
    }

    static CompletableFuture<Answer> later(Callable<Answer> request) {
        return CompletableFuture.supplyAsync(() -> {
            long began = System.nanoTime();
            try {
                Answer answer = request.call();
                assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(BOUND);
                return answer;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }, THREADS);
    }

    String check(String name) throws Exception {
        return gateway.get("/health").json().path("checks").path(name).asText();
    }

    int busy() throws Exception {
        return TestGateway.JSON.readTree(URI.create("http://127.0.0.1:" + worker.port() + "/health").toURL())
                .path("instances").path("busy").asInt();
    }
}
