package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.cluster.LocalServer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// What the gateway's own process writes while it is busy.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GatewayLogTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String KEY = "key-that-nobody-may-read-1f6c";
    private static final String VALUE = "value-that-nobody-may-read-93ab";
    private static final String CODE = """
            import os, sys, time
            SECRET = os.environ['SECRET']
            def handler(event, context):
                print(SECRET)
                print(SECRET, file=sys.stderr)
                if event.get('do') == 'fail': raise ValueError(SECRET)
                if event.get('do') == 'exit': os._exit(3)
                if event.get('do') == 'slow': time.sleep(60)
                if event.get('do') == 'garbage': os.write(3, SECRET.encode())
                return SECRET
            """;
    private static final String BROKEN = """
            import os
            print(os.environ['SECRET'])
            raise ValueError(os.environ['SECRET'])
            """;

    private final HttpClient client = HttpClient.newHttpClient();
    private String base = "";

    private List<String> text = List.of();
    private List<String> json = List.of();

    @BeforeAll
    void work(@TempDir Path directory) throws Exception {
        text = logOfABusyGateway("text", directory.resolve("text"));
        json = logOfABusyGateway("json", directory.resolve("json"));
    }

    @Test
    void asJsonEachLineIsOneObject() throws Exception {
        assertThat(json).isNotEmpty();
        for (String line : json) {
            ObjectNode object = (ObjectNode) JSON.readTree(line);

            assertThat(names(object)).as(line).contains("time", "level", "logger", "message")
                    .isSubsetOf("time", "level", "logger", "message", "requestId", "error");
            assertThat(Instant.parse(object.path("time").asText())).isBefore(Instant.now());
        }
    }

    @Test
    void aLineThatConcernsARequestHasItsIdAsJson() {
        List<JsonNode> lines = json.stream().map(GatewayLogTest::read).toList();

        assertThat(lines).anySatisfy(line -> {
            assertThat(line.path("requestId").asText()).isEqualTo("the-damaged-one");
            assertThat(line.path("level").asText()).isEqualTo("ERROR");
            assertThat(line.path("message").asText()).contains("can't be read");
            assertThat(line.path("error").asText()).contains("\n\tat io.nanogrid.gateway.");
        });
        assertThat(lines).anySatisfy(line -> {
            assertThat(line.path("message").asText()).startsWith("NanoGrid is ready on http://127.0.0.1:");
            assertThat(line.has("requestId")).isFalse();
        });
    }

    @Test
    void aLineThatConcernsARequestHasItsIdAsText() {
        assertThat(text).anySatisfy(
                line -> assertThat(line).contains("ERROR", "[the-damaged-one] The code of", "can't be read"));
    }

    @Test
    void noKeyAndNoVariableOfAFunctionIsEverInTheLog() {
        assertThat(text).isNotEmpty().noneMatch(line -> line.contains(KEY) || line.contains(VALUE));
        assertThat(json).isNotEmpty().noneMatch(line -> line.contains(KEY) || line.contains(VALUE));
    }

    /// Has one do all that it can be got to do that may go wrong.
    private List<String> logOfABusyGateway(String format, Path directory) throws Exception {
        Files.createDirectory(directory);
        Path data = directory.resolve("data");
        Path log = directory.resolve("log");
        int port = LocalServer.freePort();
        base = "http://127.0.0.1:" + port;
        Process process = ProcessGateway.launch(log, Map.of("PORT", String.valueOf(port), "ENGINE", "sandbox",
                "DATA_DIR", data.toString(), "LOG_FORMAT", format, "NANOGRID_API_KEY", KEY,
                "JDK_JAVA_OPTIONS", "-Dorg.slf4j.simpleLogger.log.io.nanogrid=debug"));
        try {
            Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptions()
                    .until(() -> send("GET", "/health/live", "").statusCode() == 200);
            long id = JSON.readTree(deploy("busy", CODE, 200)).path("callback_id").asLong();
            deploy("broken", BROKEN, 422);
            for (String what : List.of("work", "fail", "exit", "slow", "garbage")) {
                send("POST", "/api/busy?x-api-key=" + KEY, "{\"do\": \"" + what + "\"}");
            }
            send("GET", "/callbacks?x-api-key=" + KEY, "", "x-api-key", KEY + "x");
            send("POST", "/callbacks", "{\"" + KEY + "\": \"" + VALUE + "\", ", "x-api-key", KEY);
            try (Stream<Path> code = Files.list(data.resolve("code"))) {
                for (Path file : code.toList()) {
                    Files.writeString(file, "damaged");
                }
            }
            send("GET", "/callbacks/" + id, "", "x-api-key", KEY, "X-Request-Id", "the-damaged-one");
            send("POST", "/api/busy", "{\"do\": \"exit\"}");
            send("POST", "/api/busy", "{}");
        } finally {
            process.destroy();
            process.waitFor();
        }
        // What java itself says comes first.
        return Files.readAllLines(log).stream().filter(line -> !line.startsWith("NOTE: Picked up")).toList();
    }

    private String deploy(String path, String code, int status) throws Exception {
        Map<String, Object> definition = new HashMap<>(Map.of("path", path, "method", "ANY", "type", "python", "code",
                code, "env", Map.of("SECRET", VALUE), "timeout_ms", 500));
        HttpResponse<String> answer = send("POST", "/callback/deploy", JSON.writeValueAsString(definition),
                "x-api-key", KEY);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        return answer.body();
    }

    private HttpResponse<String> send(String method, String path, String body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(60))
                .header("content-type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static JsonNode read(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new AssertionError("no JSON: " + line, e);
        }
    }

    private static TreeSet<String> names(ObjectNode json) {
        TreeSet<String> names = new TreeSet<>();
        json.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
