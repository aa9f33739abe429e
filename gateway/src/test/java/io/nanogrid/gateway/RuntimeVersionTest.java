package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Types that want a version, as a user meets them.
final class RuntimeVersionTest {

    private static final String ASKS = "import platform\ndef handler(e, c): return platform.python_version()";

    private static String present(TestGateway gateway) throws Exception {
        String id = gateway.deploy("ask", "python", ASKS).expect(200).json().path("callback_id").asText();
        assertThat(id).isNotEmpty();
        return gateway.get("/api/ask").expect(200).json().asText();
    }

    @Test
    void aVersionThatIsThereIsDeployedAndShownAsItWasGiven(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory)) {
            String version = present(gateway);
            String minor = version.substring(0, version.lastIndexOf('.'));

            for (String type : new String[]{"python:3", "py:" + minor, "python3:" + version}) {
                Answer deployed = gateway.deploy("ask", type, ASKS).expect(200);
                assertThat(deployed.json().path("type").asText()).isEqualTo(type);
                assertThat(gateway.get("/callbacks/" + deployed.json().path("callback_id").asText()).expect(200).json()
                        .path("type").asText()).isEqualTo(type);
                assertThat(gateway.get("/api/ask").expect(200).json().asText()).isEqualTo(version);
            }
            assertThat(gateway.get("/health").json().path("runtimeVersions").path("python").asText())
                    .isEqualTo(version);
        }
    }

    @Test
    void aVersionThatIsNotThereIs400OnEveryWayInAndSaysWhatThereIs(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory)) {
            String expected = "python:2.7 isn't available here: this gateway has python " + present(gateway)
                    + " (sandbox)";
            String definition = "{\"path\": \"old\", \"method\": \"GET\", \"type\": \"python:2.7\", \"code\": \"x = 1\"}";

            Answer registered = gateway.post("/callbacks", definition).expect(400);
            Answer deployed = gateway.post("/callback/deploy", definition).expect(400);
            Answer changed = gateway.withBody("PUT", "/callbacks/1001", "{\"type\": \"python:2.7\"}").expect(400);

            for (Answer answer : new Answer[]{registered, deployed, changed}) {
                assertThat(answer.json().path("detail").asText()).isEqualTo(expected);
                assertThat(answer.reason()).isEqualTo("invalid_definition");
            }
        }
    }

    /// Instead of the host's interpreter, which can't be exchanged here, what was asked for is.
    @Test
    void afterAnUpgradeOfTheHostACallbackIsNotServedByAnotherVersionThanItWants(@TempDir Path directory)
            throws Exception {
        Path data = directory.resolve("data");
        String id;
        String version;
        try (TestGateway gateway = TestGateway.start("sandbox", data)) {
            version = present(gateway);
            id = gateway.deploy("ask", "python:3", ASKS).expect(200).json().path("callback_id").asText();
        }
        try (var database = DriverManager.getConnection("jdbc:sqlite:" + data.resolve("db/nanogrid.db"));
                var statement = database.createStatement()) {
            statement.executeUpdate("UPDATE definition SET runtime = 'python:3.0' WHERE runtime = 'python:3'");
        }
        Path log = directory.resolve("log");
        String expected = "python:3.0 isn't available here: this gateway has python " + version + " (sandbox)";

        try (ProcessGateway gateway = ProcessGateway.start("sandbox", data, log)) {
            assertThat(gateway.get("/api/ask").statusCode()).isEqualTo(404);
            assertThat(gateway.deploy("{\"callback_id\": " + id + "}")).satisfies(answer -> {
                assertThat(answer.statusCode()).isEqualTo(422);
                assertThat(answer.body()).contains(expected, "build_failed");
            });
        }
        assertThat(Files.readString(log)).contains("Callback " + id + " can't be served: " + expected);
    }
}
