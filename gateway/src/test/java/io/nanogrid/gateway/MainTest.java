package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The process as an operator meets it.
final class MainTest {

    @Test
    void aWrongConfigurationEndsWith78AndNamesEveryVariable(@TempDir Path directory) throws Exception {
        Path log = directory.resolve("log");

        int exit = ProcessGateway
                .launch(log, Map.of("PORT", "http", "HOST", "0.0.0.0", "ENGINE", "podman", "MAX_BODY_BYTES", "0",
                        "LOG_FORMAT", "xml",
                        "DATA_DIR", directory.resolve("data").toString()))
                .waitFor();

        assertThat(exit).isEqualTo(78);
        assertThat(Files.readString(log)).contains("PORT: ", "HOST: ", "ENGINE: ", "MAX_BODY_BYTES: ", "LOG_FORMAT: ")
                .doesNotContain("Exception");
        assertThat(directory.resolve("data")).doesNotExist();
    }

    @Test
    void aSecondGatewayOnTheSameDataEndsWith78(@TempDir Path directory) throws Exception {
        Path data = directory.resolve("data");
        try (ProcessGateway _ = ProcessGateway.start("sandbox", data, directory.resolve("first.log"))) {
            Path log = directory.resolve("second.log");

            int exit = ProcessGateway.launch(log, Map.of("PORT", "0", "ENGINE", "sandbox", "DATA_DIR", data.toString()))
                    .waitFor();

            assertThat(exit).isEqualTo(78);
            assertThat(Files.readString(log)).contains("another gateway");
        }
    }

    @Test
    void aListenerWhoHangsUpStopsNoDeployAndIsNoFailureOfTheGateway(@TempDir Path directory) throws Exception {
        Path log = directory.resolve("log");
        String definition = "{\"path\": \"slow\", \"method\": \"GET\", \"type\": \"python\", \"code\": "
                + "\"import time; time.sleep(1)\\ndef handler(e, c): return 1\"}";
        String request = "POST /callback/deploy HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                + "Content-Type: application/json\r\nContent-Length: " + definition.length() + "\r\n\r\n" + definition;
        try (ProcessGateway gateway = ProcessGateway.start("sandbox", directory.resolve("data"), log)) {
            gateway.hangUpOn(request);

            Awaitility.await().atMost(Duration.ofSeconds(20))
                    .until(() -> gateway.get("/api/slow").statusCode() == 200);
        }
        assertThat(log).content().contains("NanoGrid is ready").doesNotContain("failed", "Exception");
    }

    @Test
    void aResetDeletesEverythingButTheIdByWhichLeftoversAreFound(@TempDir Path directory) throws Exception {
        Path data = directory.resolve("data");
        ProcessGateway.start("sandbox", data, directory.resolve("log")).close();
        String id = Files.readString(data.resolve("gateway-id"));
        assertThat(data.resolve("db")).isNotEmptyDirectory();

        assertThat(reset(data, directory.resolve("reset.log"))).isZero();

        assertThat(data).isDirectoryNotContaining(file -> !file.endsWith("gateway-id") && !file.endsWith("lock"));
        assertThat(data.resolve("gateway-id")).hasContent(id);
    }

    @Test
    void aResetIsRefusedWhileAGatewayWorksOnTheData(@TempDir Path directory) throws Exception {
        Path data = directory.resolve("data");
        Path log = directory.resolve("reset.log");
        try (ProcessGateway gateway = ProcessGateway.start("sandbox", data, directory.resolve("log"))) {
            assertThat(reset(data, log)).isEqualTo(78);

            assertThat(log).content().contains("another gateway is working on", "nothing was deleted");
            assertThat(gateway.get("/callbacks").body()).contains("1001");
        }
    }

    @Test
    void aResetDeletesNothingInADirectoryThatIsNoGateways(@TempDir Path directory) throws Exception {
        Path precious = Files.writeString(Files.createDirectory(directory.resolve("home")).resolve("precious"), "x");

        assertThat(reset(directory.resolve("home"), directory.resolve("reset.log"))).isEqualTo(78);

        assertThat(precious).exists();
    }

    private static int reset(Path data, Path log) throws Exception {
        return ProcessGateway.launch(log, Map.of("DATA_DIR", data.toString()), "--reset").waitFor();
    }
}
