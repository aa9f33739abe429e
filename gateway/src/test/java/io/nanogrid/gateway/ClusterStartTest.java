package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A start that finds no cluster where there should be one.
final class ClusterStartTest {

    @TempDir
    Path directory;

    private int start(Path log, Map<String, String> cluster, String role) throws Exception {
        Map<String, String> settings = new HashMap<>(cluster);
        settings.putAll(Map.of("ROLE", role, "PORT", "0", "ENGINE", "sandbox", "DATA_DIR",
                directory.resolve("data").toString()));
        return ProcessGateway.launch(log, settings).waitFor();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gateway", "worker"})
    void whatIsMissingIsNamedAllAtOnceAndMakesTheExitCode78(String role) throws Exception {
        Path log = directory.resolve("log");
        try (LocalCloud cloud = LocalCloud.with(Service.S3, Service.DYNAMODB, Service.SQS)) {
            Map<String, String> settings = cloud.settings();
            settings.put("AWS_CREATE", "false");

            assertThat(start(log, settings, role)).isEqualTo(78);
        }
        assertThat(log).content().contains("BUCKET_NAME: ", "TABLE_NAME: ", "LOGS_TABLE_NAME: ", "SQS_URL: ",
                "AWS_CREATE=true").doesNotContain("Exception");
    }

    @Test
    void aServiceThatCantBeReachedIsNamedAndMakesTheExitCode1() throws Exception {
        Path log = directory.resolve("log");
        try (LocalCloud cloud = LocalCloud.with(Service.S3, Service.SQS)) {
            Map<String, String> settings = cloud.settings();
            settings.put("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1");

            assertThat(start(log, settings, "gateway")).isEqualTo(1);
        }
        assertThat(Files.readString(log)).contains("The gateway can't start", "TABLE_NAME").doesNotContain("\tat ");
    }
}
