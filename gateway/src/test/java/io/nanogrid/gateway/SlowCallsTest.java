package io.nanogrid.gateway;

import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What calls that take long do to everybody else.
final class SlowCallsTest {

    /// More than a server commonly has threads.
    private static final int CALLS = 250;

    private static final String WAITS = """
            import time
            def handler(event, context): time.sleep(3600)
            """;

    @Test
    void manySlowCallsKeepNobodyFromTheGateway(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory, "DRAIN_SECONDS", "0")) {
            gateway.deploy("slow", "python", WAITS, "concurrency", 2, "timeout_ms", 25_000).expect(200);
            try (var calls = gateway.hold("GET /api/slow HTTP/1.1\r\nHost: localhost\r\n\r\n", CALLS)) {
                Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> waiting(gateway) == CALLS);

                gateway.send(gateway.request("/health/live").timeout(Duration.ofSeconds(5))).expect(200);
                gateway.send(gateway.request("/callbacks").timeout(Duration.ofSeconds(5))).expect(200);
            }
        }
    }

    private static int waiting(TestGateway gateway) throws Exception {
        var instances = gateway.send(gateway.request("/health").timeout(Duration.ofSeconds(5))).json()
                .path("instances");
        return instances.path("busy").asInt() + instances.path("waitingCalls").asInt();
    }
}
