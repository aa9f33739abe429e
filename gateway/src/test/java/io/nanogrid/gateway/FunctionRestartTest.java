package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.Database;
import io.nanogrid.db.VersionState;
import io.nanogrid.db.sqlite.SqliteDatabase;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a kill of the gateway leaves of functions, and of one that was just being sent or changed.
final class FunctionRestartTest {

    /// A form whose file never ends.
    private static final String UPLOAD = """
            POST /upload HTTP/1.1\r
            Host: localhost\r
            Content-Type: multipart/form-data; boundary=x\r
            Content-Length: 1000000\r
            \r
            --x\r
            Content-Disposition: form-data; name="file"; filename="a.py"\r
            \r
            """ + "print('a line')\n".repeat(10_000);

    @Test
    void afterAKillFunctionsRunAndAnUploadThatWasCutShortIsGone(@TempDir Path directory) throws Exception {
        requireSandbox(directory);
        Path data = directory.resolve("data");
        ProcessGateway first = ProcessGateway.start("sandbox", data, directory.resolve("first.log"));
        String id = makeFunction(first);
        try (Socket _ = first.begin(UPLOAD)) {
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> bytes(data.resolve("uploads")) > 50_000);

            first.kill();
        }

        assertThat(bytes(data.resolve("uploads"))).isPositive();
        try (ProcessGateway second = ProcessGateway.start("sandbox", data, directory.resolve("second.log"))) {
            assertThat(bytes(data.resolve("uploads"))).isZero();
            assertThat(second.post("/run", "{\"functionId\": \"" + id + "\"}").body())
                    .contains("\"result\":\"kept\"");
        }
    }

    @Test
    void aKillInTheMiddleOfAChangeLeavesTheOldNameAndCode(@TempDir Path directory) throws Exception {
        requireSandbox(directory);
        Path data = directory.resolve("data");
        ProcessGateway first = ProcessGateway.start("sandbox", data, directory.resolve("first.log"));
        String id = makeFunction(first);
        String change = "{\"name\": \"changed\", \"code\": \"import time\\ntime.sleep(60)\\ndef handler(e, c): return 'changed'\"}";
        try (Socket _ = first.begin("PUT /functions/" + id + " HTTP/1.1\r\nHost: localhost\r\n"
                + "Content-Type: application/json\r\nContent-Length: " + change.length() + "\r\n\r\n" + change);
                Database seen = SqliteDatabase.open(data)) {
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> seen.functions().version(id, 2)
                    .filter(version -> version.state() == VersionState.BUILDING).isPresent());

            first.kill();
        }

        try (ProcessGateway second = ProcessGateway.start("sandbox", data, directory.resolve("second.log"))) {
            assertThat(TestGateway.JSON.readTree(second.get("/functions/" + id).body()).path("name").asText())
                    .isEqualTo("kept");
            assertThat(second.post("/run", "{\"functionId\": \"" + id + "\"}").body())
                    .contains("\"result\":\"kept\"");
        }
    }

    private static void requireSandbox(Path directory) throws Exception {
        try (TestGateway probe = TestGateway.start("sandbox", directory.resolve("probe"))) {
            probe.get("/health").expect(200);
        }
    }

    /// @return the id of a function named `kept`
    private static String makeFunction(ProcessGateway gateway) throws IOException, InterruptedException {
        HttpResponse<String> made = gateway.post("/functions",
                "{\"name\": \"kept\", \"runtime\": \"python\", \"code\": \"def handler(e, c): return 'kept'\"}");
        assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
        return TestGateway.JSON.readTree(made.body()).path("functionId").asText();
    }

    private static long bytes(Path directory) throws IOException {
        long bytes = 0;
        try (Stream<Path> all = Files.walk(directory)) {
            List<Path> files = all.filter(Files::isRegularFile).toList();
            for (Path file : files) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }
}
