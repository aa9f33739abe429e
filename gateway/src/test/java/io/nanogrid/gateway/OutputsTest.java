package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Files that functions write to `$OUTPUT_DIR`, on their way to the caller.
class OutputsTest {

    private static final String WRITES = """
            import os
            def handler(event, context):
                for path, text in event.items():
                    full = os.path.join(os.environ["OUTPUT_DIR"], path)
                    os.makedirs(os.path.dirname(full), exist_ok=True)
                    with open(full, "wb") as f:
                        f.write(text.encode() if isinstance(text, str) else b"x" * text)
                return len(event)
            """;

    private static TestGateway gateway;
    private static String function;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start("sandbox", directory, "OUTPUTS_MAX_BYTES", "20 MiB");
        function = gateway.function("python", WRITES);
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    private static Answer run(Object input, String... headers) throws Exception {
        return gateway.post("/run", "{\"functionId\": \"" + function + "\", \"inputData\": "
                + TestGateway.JSON.writeValueAsString(input) + "}", headers);
    }

    private static List<String> urls(JsonNode result) {
        List<String> urls = new ArrayList<>();
        result.path("outputFiles").forEach(url -> urls.add(url.asText()));
        return urls;
    }

    @ParameterizedTest
    @ValueSource(strings = {"report.csv", "a/b/c.txt", "with space;and=such&more?x#y%20+z.txt", "ü/😀.html",
            "index.html",
            "back\\slash", "quote\".svg"})
    void aFileThatAFunctionWroteIsServedAndNoBrowserShowsIt(String path) throws Exception {
        JsonNode result = run(java.util.Map.of(path, "<script>alert(1)</script>")).expect(200).json();
        List<String> urls = urls(result);
        if (path.contains("\\")) {
            assertThat(urls).isEmpty();
            return;
        }

        Answer file = gateway.get(urls.getFirst()).expect(200);

        assertThat(urls).hasSize(1);
        assertThat(file.body()).isEqualTo("<script>alert(1)</script>");
        assertThat(file.header("Content-Type")).contains("application/octet-stream");
        assertThat(file.header("X-Content-Type-Options")).contains("nosniff");
        assertThat(file.header("Content-Disposition").orElse("")).startsWith("attachment;");
        assertThat(file.header("Content-Security-Policy").orElse("")).contains("sandbox");
        assertThat(file.header("Content-Length")).contains("25");
    }
}
