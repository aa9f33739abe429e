package io.nanogrid.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.engine.docker.TestImages;
import io.nanogrid.gateway.http.KeptConnections;
import java.io.Closeable;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.Assertions;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.sqlite.SQLiteConfig;

/// A whole gateway in this process, on a port and a data directory of its own, spoken to over HTTP as a user would.
final class TestGateway implements AutoCloseable {

    static final ObjectMapper JSON = new ObjectMapper();
    /// The client keeps connections: nothing comes on them any more when a test stops its gateway.
    static final KeptConnections KEPT = new KeptConnections(KeptConnections.usual().idle(), Duration.ofMillis(20));
    private static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final Wiring wiring;
    private final Path directory;
    private final String base;
    private String key = "";

    private TestGateway(Wiring wiring, Path directory) {
        this.wiring = wiring;
        this.directory = directory;
        this.base = "http://127.0.0.1:" + wiring.port();
    }

    record Answer(int status, Map<String, List<String>> headers, byte[] bytes) {

        String body() {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        JsonNode json() {
            try {
                return JSON.readTree(bytes);
            } catch (IOException e) {
                throw new AssertionError("no JSON: " + body(), e);
            }
        }

        Optional<String> header(String name) {
            return headers.entrySet().stream().filter(header -> header.getKey().equalsIgnoreCase(name))
                    .map(header -> header.getValue().getFirst()).findFirst();
        }

        String reason() {
            return json().path("reason").asText();
        }

        Answer expect(int expected) {
            Assertions.assertThat(status).as("status of %s", body()).isEqualTo(expected);
            return this;
        }
    }

    /// What the gateway keeps of a call.
    record Execution(String status, Optional<String> errorType, String stdout, String stderr, boolean cut, boolean cold,
            long peakMemoryBytes) {
    }

    /// @param settings name, value, name, value…
    static TestGateway start(String engine, Path directory, String... settings) throws Exception {
        return startWith(KEPT, engine, directory, settings);
    }

    static TestGateway startWith(KeptConnections kept, String engine, Path directory, String... settings)
            throws Exception {
        return startWith(new Wiring.Given(null, kept), engine, directory, settings);
    }

    static TestGateway startWith(Wiring.Given given, String engine, Path directory, String... settings)
            throws Exception {
        Map<String, String> environment = new HashMap<>(Map.of(
                "PORT", "0",
                "ENGINE", engine,
                "DATA_DIR", directory.toString(),
                "PLUGINS_DIR", directory.resolve("no-plugins").toString(),
                "PYTHON_BASE_IMAGE", "nanogrid-base-python:local",
                "NODE_BASE_IMAGE", "nanogrid-base-node:local",
                "DRAIN_SECONDS", "5"));
        for (int i = 0; i < settings.length; i += 2) {
            environment.put(settings[i], settings[i + 1]);
        }
        Wiring wiring = new Wiring(GatewayConfig.read(environment, 8192), Path.of("target/plugins"), "test",
                given);
        TestGateway gateway = new TestGateway(wiring, directory);
        if (engine.equals("docker")) {
            TestImages.removeAtEnd(gateway.id());
        }
        gateway.requireEngine(engine);
        return gateway;
    }

    /// Without its engine a test is skipped, unless the engine is required here.
    private void requireEngine(String engine) throws IOException, InterruptedException {
        JsonNode check = get("/health").json().path("checks").path("engine");
        if (check.path("healthy").asBoolean()) {
            return;
        }
        close();
        String required = System.getenv().getOrDefault("NANOGRID_REQUIRE_ENGINES", "");
        String why = "the " + engine + " engine doesn't work here: " + check.path("detail").asText();
        if (Arrays.asList(required.split(",")).contains(engine)) {
            Assertions.fail(why);
        }
        Assumptions.abort(why);
    }

    int port() {
        return wiring.port();
    }

    String base() {
        return base;
    }

    Path directory() {
        return directory;
    }

    /// Has every request bear this API key that bears no other.
    void authorize(String apiKey) {
        key = apiKey;
    }

    HttpRequest.Builder request(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(90));
        return key.isEmpty() ? request : request.header("x-api-key", key);
    }

    Answer send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        return new Answer(response.statusCode(), response.headers().map(), response.body());
    }

    Answer get(String path) throws IOException, InterruptedException {
        return send(request(path));
    }

    /// A request byte for byte, as no HTTP client would send it; it has to ask for the connection to be closed.
    String raw(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /// Sends a request many times over connections of their own, and reads no answer.
    ///
    /// @return closes the connections
    Closeable hold(String request, int times) throws IOException {
        List<Socket> sockets = new ArrayList<>();
        Closeable all = () -> {
            for (Socket socket : sockets) {
                socket.close();
            }
        };
        for (int i = 0; i < times; i++) {
            Socket socket = new Socket("127.0.0.1", port());
            sockets.add(socket);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        }
        return all;
    }

    Answer post(String path, String json, String... headers) throws IOException, InterruptedException {
        return withBody("POST", path, json, headers);
    }

    Answer withBody(String method, String path, String json, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = request(path).header("content-type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(json));
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
        }
        return send(request);
    }

    Answer delete(String path) throws IOException, InterruptedException {
        return send(request(path).DELETE());
    }

    /// Registers and deploys in one call.
    ///
    /// @param more further fields of the definition: name, value, name, value…
    Answer deploy(String path, String type, String code, Object... more) throws IOException, InterruptedException {
        Map<String, Object> definition = new HashMap<>(Map.of("path", path, "method", "ANY", "type", type));
        if (!code.isEmpty()) {
            definition.put("code", code);
        }
        for (int i = 0; i < more.length; i += 2) {
            definition.put(more[i].toString(), more[i + 1]);
        }
        return post("/callback/deploy", JSON.writeValueAsString(definition));
    }

    /// Stores a function, and says its id.
    ///
    /// @param more further fields: name, value, name, value…
    String function(String runtime, String code, Object... more) throws Exception {
        Map<String, Object> definition = new HashMap<>(Map.of("name", "f", "runtime", runtime, "code", code));
        for (int i = 0; i < more.length; i += 2) {
            definition.put(more[i].toString(), more[i + 1]);
        }
        return post("/functions", JSON.writeValueAsString(definition)).expect(201).json().path("functionId").asText();
    }

    static String runBody(String functionId, String input) {
        return "{\"functionId\": \"" + functionId + "\", \"inputData\": " + input + "}";
    }

    Answer run(String functionId, String input, String... headers) throws IOException, InterruptedException {
        return post("/run", runBody(functionId, input), headers);
    }

    /// Has a job accepted, and says its id.
    String accept(String functionId, String input) throws IOException, InterruptedException {
        return run(functionId, input, "x-async", "true").expect(202).json().path("jobId").asText();
    }

    /// Waits for a job's result.
    JsonNode result(String jobId) {
        return Awaitility.await().atMost(Duration.ofSeconds(30))
                .until(() -> get("/status/" + jobId).expect(200).json(), json -> json.has("exitCode"));
    }

    private Connection readOnly() throws SQLException {
        SQLiteConfig readOnly = new SQLiteConfig();
        readOnly.setReadOnly(true);
        return DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("db/nanogrid.db"),
                readOnly.toProperties());
    }

    /// The record of an answered call. It is stored a fraction of a second after the answer.
    Execution execution(Answer answer) {
        String id = answer.header("X-Request-Id").orElseThrow();
        return Awaitility.await().until(() -> recorded(id), Optional::isPresent)
                .orElseThrow();
    }

    Optional<Execution> recorded(String requestId) throws SQLException {
        try (var connection = readOnly();
                PreparedStatement query = connection.prepareStatement("SELECT * FROM execution WHERE request_id = ?")) {
            query.setString(1, requestId);
            try (ResultSet row = query.executeQuery()) {
                return row.next()
                        ? Optional.of(new Execution(row.getString("status"),
                                Optional.ofNullable(row.getString("error_type")), row.getString("stdout"),
                                row.getString("stderr"), row.getBoolean("output_truncated"),
                                row.getBoolean("cold_start"), row.getLong("peak_memory_bytes")))
                        : Optional.empty();
            }
        }
    }

    /// Names what belongs to this gateway: control groups, containers, the directory of its instances.
    String id() throws IOException {
        return Files.readString(directory.resolve("gateway-id")).strip();
    }

    @Override
    public void close() {
        wiring.close();
    }
}
