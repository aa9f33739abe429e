package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
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

    /// Announces a file of 4.5 MiB, sends a byte of it, and waits.
    private static final String ANNOUNCES = """
            import os, struct, time
            def handler(event, context):
                meta = b'{"path":"a"}'
                frame = struct.pack(">IBBII", 10 + len(meta) + (9 << 19), 8, 0, 1, len(meta)) + meta + b"x"
                for fd in os.listdir("/proc/self/fd"):
                    try:
                        if os.readlink("/proc/self/fd/" + fd).startswith("socket:"): os.write(int(fd), frame)
                    except OSError: pass
                time.sleep(60)
            """;

    private static TestGateway gateway;
    private static Path coming;
    private static String function;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start("sandbox", directory, "OUTPUTS_MAX_BYTES", "20 MiB",
                "RATE_LIMIT_PER_MINUTE", "0");
        coming = directory.resolve("outputs/new");
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

    @Test
    void aFileComesWholeToAClientThatTakesCompressedAnswers() throws Exception {
        String content = "x".repeat(5000);
        String url = urls(run(Map.of("long.txt", content)).expect(200).json()).getFirst();

        Answer file = gateway.send(gateway.request(url).header("Accept-Encoding", "gzip")).expect(200);

        assertThat(file.body()).isEqualTo(content);
    }

    @ParameterizedTest
    @ValueSource(strings = {"report.csv", "a/b/c.txt", "with space;and=such&more?x#y%20+z.txt", "ü/é.html",
            "index.html",
            "quote\".svg", "100%", "a;b/c;d"})
    void aFileThatAFunctionWroteIsServedAndNoBrowserShowsIt(String path) throws Exception {
        List<String> urls = urls(run(Map.of(path, "<script>alert(1)</script>")).expect(200).json());

        Answer file = gateway.get(urls.getFirst()).expect(200);

        assertThat(urls).hasSize(1);
        assertThat(file.body()).isEqualTo("<script>alert(1)</script>");
        assertThat(file.header("Content-Type")).contains("application/octet-stream");
        assertThat(file.header("X-Content-Type-Options")).contains("nosniff");
        assertThat(file.header("Content-Disposition").orElse("")).startsWith("attachment;").doesNotContain("\"");
        assertThat(file.header("Content-Security-Policy").orElse("")).contains("sandbox");
        assertThat(file.header("Content-Length")).contains("25");
    }

    @Test
    void eachCallHasItsOwnFilesAndTheNextOneNone() throws Exception {
        List<String> first = urls(run(Map.of("a", "one", "b", "two")).expect(200).json());
        List<String> second = urls(run(Map.of("a", "three")).expect(200).json());
        List<String> third = urls(run(Map.of()).expect(200).json());

        assertThat(first).hasSize(2);
        assertThat(gateway.get(second.getFirst()).expect(200).body()).isEqualTo("three");
        assertThat(gateway.get(first.getFirst()).expect(200).body()).isIn("one", "two");
        assertThat(third).isEmpty();
    }

    @Test
    void callsUnderOneRequestIdKeepTheirFilesApart() throws Exception {
        String first = urls(run(Map.of("a", "one"), "X-Request-Id", "same").expect(200).json()).getFirst();
        String second = urls(run(Map.of("a", "two"), "X-Request-Id", "same").expect(200).json()).getFirst();

        assertThat(first).isEqualTo("/outputs/same/a");
        assertThat(gateway.get(first).expect(200).body()).isEqualTo("one");
        assertThat(gateway.get(second).expect(200).body()).isEqualTo("two");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/outputs/nobody/a", "/outputs/../gateway-id", "/outputs/%2e%2e/gateway-id",
            "/outputs/known/index",
            "/outputs/known/0", "/outputs/known/..%2fknown%2fa", "/outputs/known/%2e%2e/known/a", "/outputs/known/",
            "/outputs/known",
            "/outputs/", "/outputs/known/a%00"})
    void nothingElseIsServed(String path) throws Exception {
        run(Map.of("a", "one"), "X-Request-Id", "known").expect(200);

        assertThat(gateway.raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 40").contains("application/problem+json");
    }

    @Test
    void filesForWhichThereIsNoRoomAreLostAndTheResultSaysWhy() throws Exception {
        JsonNode first = run(Map.of("a", 15 << 20)).expect(200).json();
        JsonNode second = run(Map.of("a", 15 << 20)).expect(200).json();

        assertThat(urls(first)).hasSize(1);
        assertThat(urls(second)).isEmpty();
        assertThat(second.path("status").asText()).isEqualTo("SUCCESS");
        assertThat(second.path("outputFilesProblem").asText()).contains("OUTPUTS_MAX_BYTES");
        assertThat(gateway.get(urls(first).getFirst()).expect(200).bytes()).hasSize(15 << 20);
    }

    @Test
    void callsThatAnnounceFilesAndNeverSendThemLeaveTheRoomToOthers() throws Exception {
        String hostile = gateway.function("python", ANNOUNCES, "timeoutMs", 6000);
        run(Map.of()).expect(200);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Answer>> attacks = Stream.generate(
                    () -> threads.submit(() -> gateway.post("/run", "{\"functionId\": \"" + hostile + "\"}")))
                    .limit(5).toList();
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> coming.toFile().list().length == 5);

            assertThat(urls(run(Map.of("a", 100_000)).expect(200).json())).hasSize(1);
            assertThat(attacks).noneMatch(Future::isDone);
            for (Future<Answer> attack : attacks) {
                assertThat(attack.get().expect(200).json().path("status").asText()).isEqualTo("TIMEOUT");
            }
        }
        assertThat(coming).isEmptyDirectory();
    }

    @Test
    void aJobsFilesAreServedAndACallbacksAreNot() throws Exception {
        String body = "{\"functionId\": \"" + function + "\", \"inputData\": {\"of-a-job\": \"text\"}}";
        String job = gateway.post("/run", body, "x-async", "true").expect(202).json().path("jobId").asText();
        JsonNode result = Awaitility.await().atMost(Duration.ofSeconds(20))
                .until(() -> gateway.get("/status/" + job).json(), json -> json.has("outputFiles"));
        gateway.deploy("writes", "python", WRITES).expect(200);
        Answer call = gateway.post("/api/writes", "{\"of-a-call\": \"text\"}").expect(200);

        assertThat(gateway.get(urls(result).getFirst()).expect(200).body()).isEqualTo("text");
        gateway.get("/outputs/" + call.header("X-Request-Id").orElseThrow() + "/of-a-call").expect(404);
    }
}
