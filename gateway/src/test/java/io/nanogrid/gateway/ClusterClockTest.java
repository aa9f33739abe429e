package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A gateway whose clock is an hour and more ahead, and a worker whose clock is as much behind.
@Tag("slow")
final class ClusterClockTest {

    private static final String FUNCTION = """
            import time
            def handler(event, context):
                time.sleep(event.get("sleep", 0))
                return event.get("n")
            """;
    private static final InstantSource AHEAD = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(61));
    private static final InstantSource BEHIND = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(-61));

    private static TestCluster cluster;
    private static TestGateway gateway;
    private static String function;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        cluster = new TestCluster(directory);
        gateway = cluster.gateway(cluster.ways(), AHEAD);
        cluster.worker(cluster.ways(), BEHIND);
        function = gateway.function("python", FUNCTION, "timeoutMs", 1_000);
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.close();
    }

    @Test
    void aCallHasItsAnswer() throws Exception {
        assertThat(gateway.run(function, "{\"n\": 1}").expect(200).json().path("result").asInt()).isEqualTo(1);
    }

    @Test
    void aCallEndsAtItsDeadlineAndNotBefore() throws Exception {
        JsonNode quick = gateway.run(function, "{\"n\": 2, \"sleep\": 0.5}").expect(200).json();
        JsonNode late = gateway.run(function, "{\"sleep\": 20}").expect(200).json();

        assertThat(quick.path("result").asInt()).isEqualTo(2);
        assertThat(late.path("status").asText()).isEqualTo("TIMEOUT");
        assertThat(late.path("durationMs").asLong()).isBetween(1_000L, 10_000L);
    }

    /// A gateway cleans up when it starts.
    @Test
    void resultsAreKeptByTheServicesClock() throws Exception {
        String job = gateway.accept(function, "{\"n\": 3}");
        assertThat(gateway.result(job).path("result").asInt()).isEqualTo(3);

        try (TestGateway other = cluster.gateway(cluster.ways(), AHEAD)) {
            Awaitility.await().during(Duration.ofSeconds(2)).atMost(Duration.ofSeconds(10))
                    .until(() -> other.get("/status/" + job).status() == 200);
            JsonNode listed = other.get("/jobs").expect(200).json().path("jobs").path(0);
            for (String time : new String[]{"acceptedAt", "startedAt", "endedAt"}) {
                assertThat(Duration.between(Instant.parse(listed.path(time).asText()), Instant.now()).abs()).as(time)
                        .isLessThan(Duration.ofMinutes(2));
            }
        }
    }
}
