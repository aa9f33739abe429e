package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What remains of a gateway when its process ends, one way or another, and what the next one makes of it.
abstract class RestartContract {

    private static final String SLEEPER = "{\"path\": \"sleep\", \"method\": \"GET\", \"type\": \"python\", \"code\": "
            + "\"import time\\ndef handler(e, c):\\n    open('/tmp/began', 'w').close()\\n    time.sleep(float(e['s']))\\n    return 'slept'\"}";

    abstract String engine();

    /// What there is of this gateway's instances on the machine, however it is counted.
    abstract List<String> instances(String gatewayId) throws Exception;

    abstract String otherEngine();

    /// What remains of this gateway on the machine when its process has been killed.
    abstract List<String> leftovers(String gatewayId) throws Exception;

    @Test
    void whatWasDeployedAnswersAfterAKillInMidCallAndNothingOfTheOldLifeIsLeft(@TempDir Path directory)
            throws Exception {
        try (TestGateway probe = TestGateway.start(engine(), directory.resolve("probe"))) {
            probe.get("/health").expect(200);
        }
        Path data = directory.resolve("data");
        ProcessGateway first = ProcessGateway.start(engine(), data, directory.resolve("first.log"));
        assertThat(first.deploy(SLEEPER).statusCode()).isEqualTo(200);
        CompletableFuture<HttpResponse<String>> cut = first.getLater("/api/sleep?s=60");
        String gatewayId = Files.readString(data.resolve("gateway-id")).strip();
        Awaitility.await().atMost(Duration.ofSeconds(20))
                .until(() -> first.get("/health").body().contains("\"busy\":1"));
        List<String> before = instances(gatewayId);

        first.kill();

        assertThat(cut.handle((_, failure) -> failure != null).join()).isTrue();
        try (ProcessGateway second = ProcessGateway.start(engine(), data, directory.resolve("second.log"))) {
            assertThat(second.get("/api/sleep?s=0").body()).isEqualTo("\"slept\"");
            assertThat(before).isNotEmpty();
            Awaitility.await()
                    .until(() -> instances(gatewayId).stream().noneMatch(before::contains));
        }
        Awaitility.await().until(() -> instances(gatewayId).isEmpty());
    }

    @Test
    void aGatewayWithTheOtherEngineRemovesWhatAKilledOneLeft(@TempDir Path directory) throws Exception {
        for (String engine : List.of(engine(), otherEngine())) {
            try (TestGateway probe = TestGateway.start(engine, directory.resolve("probe-" + engine))) {
                probe.get("/health").expect(200);
            }
        }
        Path data = directory.resolve("data");
        ProcessGateway first = ProcessGateway.start(engine(), data, directory.resolve("first.log"));
        assertThat(first.deploy(SLEEPER).statusCode()).isEqualTo(200);
        String gatewayId = Files.readString(data.resolve("gateway-id")).strip();
        first.kill();
        assertThat(leftovers(gatewayId)).isNotEmpty();

        try (ProcessGateway _ = ProcessGateway.start(otherEngine(), data, directory.resolve("second.log"))) {
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> leftovers(gatewayId).isEmpty());
        }
    }

    @Test
    void anOrderlyStopLetsCallsFinishEndsWith0AndLeavesNothing(@TempDir Path directory) throws Exception {
        try (TestGateway probe = TestGateway.start(engine(), directory.resolve("probe"))) {
            probe.get("/health").expect(200);
        }
        Path data = directory.resolve("data");
        ProcessGateway gateway = ProcessGateway.start(engine(), data, directory.resolve("log"));
        assertThat(gateway.deploy(SLEEPER).statusCode()).isEqualTo(200);
        String gatewayId = Files.readString(data.resolve("gateway-id")).strip();
        CompletableFuture<HttpResponse<String>> call = gateway.getLater("/api/sleep?s=1.5");
        Awaitility.await().atMost(Duration.ofSeconds(20))
                .until(() -> gateway.get("/health").body().contains("\"busy\":1"));

        int exit = gateway.stop();

        assertThat(call.join().body()).isEqualTo("\"slept\"");
        assertThat(exit).isZero();
        assertThat(instances(gatewayId)).isEmpty();
        Path run = Path.of("/run/nanogrid", gatewayId, "i");
        if (Files.isDirectory(run)) {
            try (Stream<Path> left = Files.list(run)) {
                assertThat(left).isEmpty();
            }
        }
    }

    @Test
    void anOrderlyStopCutsOffWhatDoesntEndInTimeAndLeavesNothing(@TempDir Path directory) throws Exception {
        try (TestGateway probe = TestGateway.start(engine(), directory.resolve("probe"))) {
            probe.get("/health").expect(200);
        }
        Path data = directory.resolve("data");
        Path log = directory.resolve("log");
        ProcessGateway gateway = ProcessGateway.start(engine(), data, log, "DRAIN_SECONDS", "1");
        assertThat(gateway.deploy(SLEEPER).statusCode()).isEqualTo(200);
        String gatewayId = Files.readString(data.resolve("gateway-id")).strip();
        CompletableFuture<HttpResponse<String>> call = gateway.getLater("/api/sleep?s=60");
        assertThat(gateway.post("/run", "{\"functionId\": \"" + functionId(gateway)
                + "\", \"inputData\": {\"s\": 60}}", "x-async", "true").statusCode()).isEqualTo(202);
        Awaitility.await().atMost(Duration.ofSeconds(20))
                .until(() -> gateway.get("/health").body().contains("\"busy\":2"));

        int exit = gateway.stop();

        assertThat(call.handle((_, failure) -> failure != null).join()).isTrue();
        assertThat(exit).isZero();
        assertThat(instances(gatewayId)).isEmpty();
        assertThat(Files.readString(log)).contains("DRAIN_SECONDS").doesNotContain("ERROR");
    }

    private static String functionId(ProcessGateway gateway) throws Exception {
        return TestGateway.JSON.readTree(gateway.get("/functions").body()).path("functions").path(0).path("functionId")
                .asText();
    }
}
