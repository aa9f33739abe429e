package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.redis.RedisServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A gateway that runs nothing itself, and workers that do.
final class WorkerTest {

    private static final String HOST = "import os\ndef handler(event, context):\n    return event.get('n')";
    private static final String COUNTS = """
            calls = 0
            def handler(event, context):
                global calls
                calls += 1
                return calls
            """;
    private static final String SLOW = """
            import os, time
            def handler(event, context):
                with open(os.environ["OUTPUT_DIR"] + "/started", "w") as f:
                    f.write("x")
                time.sleep(event["s"])
                return "done"
            """;

    @TempDir
    Path directory;
    private LocalCloud cloud;
    private TestGateway gateway;

    @BeforeEach
    void start() throws Exception {
        cloud = LocalCloud.with(Service.values());
        List<String> settings = new ArrayList<>(List.of("RATE_LIMIT_PER_MINUTE", "0", "DISPATCH", "queue"));
        cloud.settings().forEach((name, value) -> settings.addAll(List.of(name, value)));
        gateway = TestGateway.start("sandbox", directory.resolve("gateway"), settings.toArray(String[]::new));
    }

    @AfterEach
    void stop() {
        if (gateway != null) {
            gateway.close();
        }
        cloud.close();
    }

    private TestWorker worker(String name) throws Exception {
        return TestWorker.start(directory.resolve(name), cloud.settings());
    }

    private static ConditionFactory soon() {
        return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(50));
    }

    private static HttpResponse<String> get(TestWorker worker, String path) throws Exception {
        return HttpClient.newHttpClient().send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + worker.port() + path)).build(),
                BodyHandlers.ofString());
    }

    @Test
    void callsAndJobsOfAGatewayThatRunsNothingAreRunByAWorker() throws Exception {
        String id = gateway.function("python", HOST);
        gateway.deploy("n", "python", HOST).expect(200);
        try (TestWorker _ = worker("worker")) {
            assertThat(gateway.run(id, "{\"n\": 7}").expect(200).json().path("result").asInt()).isEqualTo(7);
            assertThat(gateway.get("/api/n?n=8").expect(200).body()).isEqualTo("\"8\"");
            assertThat(gateway.result(gateway.accept(id, "{\"n\": 9}")).path("result").asInt()).isEqualTo(9);
        }
    }

    @Test
    void aJobWaitsUntilThereIsAWorker() throws Exception {
        String id = gateway.function("python", HOST);
        String job = gateway.accept(id, "{\"n\": 1}");
        soon().until(() -> gateway.get("/metrics").body().contains("nanogrid_visible_messages 1.0"));
        assertThat(status(job)).isEqualTo("pending");

        try (TestWorker _ = worker("worker")) {
            assertThat(gateway.result(job).path("result").asInt()).isEqualTo(1);
        }
    }

    @Test
    void aCallWhoseCallerHangsUpBeforeAWorkerHasItNeverRuns() throws Exception {
        String id = gateway.function("python", COUNTS, "concurrency", 1);
        String body = TestGateway.runBody(id, "{}");
        String request = "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
        try (var _ = gateway.hold(request, 1)) {
            soon().until(() -> gateway.get("/metrics").body().contains("nanogrid_visible_messages 1.0"));
        }
        soon().until(() -> !RedisServer.keys(cloud.server(Service.REDIS), "cancel:*").isEmpty());

        try (TestWorker _ = worker("worker")) {
            JsonNode record = soon().until(() -> gateway.get("/functions/" + id + "/logs").json().path("logs").path(0),
                    JsonNode::isObject);
            assertThat(record.path("status").asText()).isEqualTo("PLATFORM_ERROR");
            assertThat(gateway.run(id, "{}").expect(200).json().path("result").asInt()).isEqualTo(1);
        }
    }

    @Test
    void aFunctionWithLibrariesRunsOnAWorker() throws Exception {
        String word = Greeting.fresh("hello");
        gateway.deploy("lib", "python", "", "library", Greeting.REQUIREMENTS, "archive", Greeting.archive(word))
                .expect(200);

        try (TestWorker _ = worker("worker")) {
            assertThat(gateway.get("/api/lib").expect(200).body()).isEqualTo("\"" + word + "\"");
        }
    }

    @Test
    void aNewVersionOfAFunctionRunsOnAWorkerThatHasTheOldOne() throws Exception {
        String id = gateway.function("python", HOST);
        try (TestWorker _ = worker("worker")) {
            assertThat(gateway.run(id, "{\"n\": 7}").expect(200).json().path("result").asInt()).isEqualTo(7);

            gateway.withBody("PUT", "/functions/" + id, TestGateway.JSON.writeValueAsString(
                    Map.of("code", "def handler(event, context):\n    return 'new'"))).expect(200);

            assertThat(gateway.run(id, "{}").expect(200).json().path("result").asText()).isEqualTo("new");
            assertThat(gateway.result(gateway.accept(id, "{}")).path("result").asText()).isEqualTo("new");
        }
    }

    @Test
    void workersAreCountedWhileTheyAreThere() throws Exception {
        TestWorker first = worker("first");
        try (TestWorker _ = worker("second")) {
            soon().until(() -> gateway.get("/metrics").body().contains("nanogrid_workers 2.0"));
            assertThat(gateway.get("/metrics").body()).doesNotContain("nanogrid_worker_capacity 0.0");

            first.close();

            assertThat(gateway.get("/metrics").body()).contains("nanogrid_workers 1.0");
        }
        assertThat(gateway.get("/metrics").body()).contains("nanogrid_workers 0.0");
    }

    @Test
    void aWorkerSaysHowItIsAndNothingElse() throws Exception {
        try (TestWorker worker = worker("worker")) {
            HttpResponse<String> health = get(worker, "/health");
            assertThat(health.statusCode()).as(health.body()).isEqualTo(200);
            assertThat(TestGateway.JSON.readTree(health.body()).path("checks").fieldNames()).toIterable()
                    .containsExactlyInAnyOrder("database", "redis", "queue", "engine");
            assertThat(get(worker, "/health/live").statusCode()).isEqualTo(200);
            assertThat(get(worker, "/metrics").body()).contains("nanogrid_instances{state=\"busy\"}",
                    "nanogrid_workers 1.0");
            assertThat(get(worker, "/callbacks").statusCode()).isEqualTo(404);
            assertThat(get(worker, "/api/hello").statusCode()).isEqualTo(404);
        }
    }

    @Test
    void aWorkerThatIsToldToStopEndsWhatItRunsAndGivesTheRestToOthers() throws Exception {
        String id = gateway.function("python", SLOW, "timeoutMs", 60_000);
        Map<String, String> settings = new HashMap<>(cloud.settings());
        settings.putAll(Map.of("ROLE", "worker", "DRAIN_SECONDS", "7", "PLUGINS_DIR",
                Path.of("target", "plugins").toAbsolutePath().toString(), "JDK_JAVA_OPTIONS",
                "-Dorg.slf4j.simpleLogger.log.io.nanogrid=info"));
        Path log = directory.resolve("worker.log");
        String job;
        try (ProcessGateway worker = ProcessGateway.start("sandbox", directory.resolve("worker"), log,
                entries(settings))) {
            String brief = gateway.accept(id, "{\"s\": 5}");
            String slow = gateway.accept(id, "{\"s\": 50}");
            job = slow;
            soon().untilAsserted(() -> {
                assertThat(status(slow)).isEqualTo("running");
                assertThat(status(brief)).isEqualTo("running");
            });

            assertThat(worker.stop()).isZero();

            assertThat(gateway.result(brief).path("result").asText()).isEqualTo("done");
            assertThat(status(job)).isEqualTo("pending");
        }
        assertThat(Files.readString(log)).contains("worker is ready").doesNotContain("Exception");
        try (TestWorker _ = worker("next")) {
            soon().until(() -> status(job).equals("running"));
        }
    }

    private String status(String job) throws Exception {
        return gateway.get("/status/" + job).expect(200).json().path("status").asText();
    }

    private static String[] entries(Map<String, String> settings) {
        return settings.entrySet().stream().flatMap(entry -> List.of(entry.getKey(), entry.getValue()).stream())
                .toArray(String[]::new);
    }
}
