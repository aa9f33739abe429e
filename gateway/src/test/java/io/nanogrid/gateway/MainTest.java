package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The process as an operator meets it.
final class MainTest {

    @Test
    void aWrongConfigurationEndsWith78AndNamesEveryVariable(@TempDir Path directory) throws Exception {
        Path log = directory.resolve("log");

        int exit = ProcessGateway
                .launch(log, Map.of("PORT", "http", "HOST", "0.0.0.0", "ENGINE", "podman", "MAX_BODY_BYTES", "0",
                        "DATA_DIR", directory.resolve("data").toString()))
                .waitFor();

        assertThat(exit).isEqualTo(78);
        assertThat(Files.readString(log)).contains("PORT: ", "HOST: ", "ENGINE: ", "MAX_BODY_BYTES: ")
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
}
