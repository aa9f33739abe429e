package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

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

/// What a kill of the gateway leaves of functions, and of one that was just being sent.
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
        try (TestGateway probe = TestGateway.start("sandbox", directory.resolve("probe"))) {
            probe.get("/health").expect(200);
        }
        Path data = directory.resolve("data");
        ProcessGateway first = ProcessGateway.start("sandbox", data, directory.resolve("first.log"));
        HttpResponse<String> made = first.post("/functions",
                "{\"name\": \"kept\", \"runtime\": \"python\", \"code\": \"def handler(e, c): return 'kept'\"}");
        assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
        String id = TestGateway.JSON.readTree(made.body()).path("functionId").asText();
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
