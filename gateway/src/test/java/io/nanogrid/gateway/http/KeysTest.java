package io.nanogrid.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `/keys`, as an owner of the gateway meets it.
class KeysTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String OWNER = "the-owners-key";

    @TempDir
    Path directory;

    private ManagementServer open() throws Exception {
        return new ManagementServer(directory, Map.of());
    }

    private ManagementServer withKey() throws Exception {
        return new ManagementServer(directory, Map.of("NANOGRID_API_KEY", OWNER));
    }

    private static JsonNode json(HttpResponse<String> response, int status) throws Exception {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        return JSON.readTree(response.body());
    }

    private static HttpResponse<String> make(ManagementServer server, String body, String key) throws Exception {
        return key.isEmpty()
                ? server.send("POST", "/keys", body)
                : server.send("POST", "/keys", body, "x-api-key", key);
    }

    @Test
    void aMadeKeysSecretIsShownOnceAndWorksAtOnce() throws Exception {
        try (ManagementServer server = withKey()) {
            JsonNode made = json(make(server, "{\"name\": \"ci\", \"scopes\": [\"read\"]}", OWNER), 201);
            String secret = made.path("secret").asText();

            HttpResponse<String> list = server.get("/keys", "x-api-key", OWNER);

            assertThat(server.get("/callbacks", "x-api-key", secret).statusCode()).isEqualTo(200);
            assertThat(list.body()).doesNotContain(secret).doesNotContain("hash");
            assertThat(json(list, 200).path("keys")).hasSize(2);
            assertThat(json(list, 200).at("/keys/1").toString()).isEqualTo("{\"name\":\"ci\",\"scopes\":[\"read\"],"
                    + "\"sigv4\":false,\"configured\":false,\"createdAt\":" + made.get("createdAt") + "}");
        }
    }

    @Test
    void valuesOfVariablesAreShownToThoseAloneWhoMaySetThem() throws Exception {
        try (ManagementServer server = withKey()) {
            long id = json(server.send("POST", "/callbacks",
                    "{\"path\": \"x\", \"method\": \"GET\", \"type\": \"python\", \"code\": \"x = 1\", "
                            + "\"env\": {\"TOKEN\": \"s3cret\"}}",
                    "x-api-key", OWNER), 200).path("callback_id").asLong();
            String reader = json(make(server, "{\"name\": \"ci\", \"scopes\": [\"read\"]}", OWNER), 201).path("secret")
                    .asText();

            for (String path : List.of("/callbacks", "/callbacks/" + id)) {
                assertThat(server.get(path, "x-api-key", OWNER).body()).contains("\"TOKEN\":\"s3cret\"");
                assertThat(server.get(path, "x-api-key", reader).body()).contains("\"TOKEN\":null")
                        .doesNotContain("s3cret");
            }
        }
    }

    @Test
    void aDeletedKeyIsRefusedByTheNextCall() throws Exception {
        try (ManagementServer server = withKey()) {
            String secret = json(make(server, "{\"name\": \"ci\", \"scopes\": [\"read\"]}", OWNER), 201).path("secret")
                    .asText();
            assertThat(server.get("/callbacks", "x-api-key", secret).statusCode()).isEqualTo(200);

            assertThat(json(server.send("DELETE", "/keys/ci", "", "x-api-key", OWNER), 200).path("deletedId").asText())
                    .isEqualTo("ci");

            assertThat(server.get("/callbacks", "x-api-key", secret).statusCode()).isEqualTo(401);
            assertThat(server.send("DELETE", "/keys/ci", "", "x-api-key", OWNER).statusCode()).isEqualTo(404);
        }
    }

    @Test
    void aKeyThatGetsTheNameOfADeletedOneHasARateLimitOfItsOwn() throws Exception {
        try (ManagementServer server = new ManagementServer(directory,
                Map.of("NANOGRID_API_KEY", OWNER, "RATE_LIMIT_PER_MINUTE", "1"))) {
            for (int i = 0; i < 2; i++) {
                String secret = json(make(server, "{\"name\": \"ci\", \"scopes\": [\"deploy\"]}", OWNER), 201)
                        .path("secret").asText();

                assertThat(server.send("POST", "/functions", "{}", "x-api-key", secret).statusCode()).isEqualTo(400);
                assertThat(server.send("POST", "/functions", "{}", "x-api-key", secret).statusCode()).isEqualTo(429);
                json(server.send("DELETE", "/keys/ci", "", "x-api-key", OWNER), 200);
            }
        }
    }

    @Test
    void aDeletedKeyIsHeardNoMoreOnItsWebSocket() throws Exception {
        CompletableFuture<Integer> closed = new CompletableFuture<>();
        try (ManagementServer server = withKey(); HttpClient client = HttpClient.newHttpClient()) {
            String secret = json(make(server, "{\"name\": \"ci\", \"scopes\": [\"read\"]}", OWNER), 201).path("secret")
                    .asText();
            client.newWebSocketBuilder().header("x-api-key", secret).buildAsync(
                    server.webSocket("/deploy/ws"),
                    new WebSocket.Listener() {
                        @Override
                        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                            closed.complete(code);
                            return CompletableFuture.completedStage(null);
                        }
                    }).join();

            json(server.send("DELETE", "/keys/ci", "", "x-api-key", OWNER), 200);

            assertThat(closed.get(30, TimeUnit.SECONDS)).isEqualTo(1008);
        }
    }

    /// Nobody is locked out: who makes it has it.
    @Test
    void theFirstKeyProtectsTheGatewayAndMustBeAnAdmins() throws Exception {
        try (ManagementServer server = open()) {
            JsonNode refused = json(make(server, "{\"name\": \"ci\", \"scopes\": [\"deploy\"]}", ""), 400);
            assertThat(refused.path("reason").asText()).isEqualTo("admin_scope_required");
            assertThat(server.get("/callbacks").statusCode()).isEqualTo(200);

            String owner = json(make(server, "{\"name\": \"owner\", \"scopes\": [\"admin\", \"read\"]}", ""), 201)
                    .path("secret").asText();

            assertThat(server.get("/callbacks").statusCode()).isEqualTo(401);
            assertThat(server.get("/callbacks", "x-api-key", owner).statusCode()).isEqualTo(200);
            assertThat(make(server, "{\"name\": \"ci\", \"scopes\": [\"deploy\"]}", owner).statusCode()).isEqualTo(201);
            assertThat(json(server.send("DELETE", "/keys/owner", "", "x-api-key", owner), 409).path("reason").asText())
                    .isEqualTo("last_admin_key");
        }
    }

    @Test
    void ofManyFirstKeysAtOnceOneIsMade() throws Exception {
        try (ManagementServer server = open(); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Integer> statuses = new ArrayList<>();
            for (Future<Integer> answer : threads.invokeAll(IntStream.range(0, 10).<Callable<Integer>>mapToObj(
                    i -> () -> make(server, "{\"name\": \"k" + i + "\", \"scopes\": [\"admin\"]}", "").statusCode())
                    .toList())) {
                statuses.add(answer.get());
            }

            assertThat(statuses).containsOnly(201, 401).containsOnlyOnce(201);
        }
    }

    @Test
    void aConfiguredKeyIsListedAndCanNotBeDeleted() throws Exception {
        try (ManagementServer server = withKey()) {
            assertThat(json(server.get("/keys", "x-api-key", OWNER), 200).toString())
                    .isEqualTo("{\"keys\":[{\"name\":\"default\",\"scopes\":[\"deploy\",\"invoke\",\"read\",\"admin\"],"
                            + "\"sigv4\":true,\"configured\":true,\"createdAt\":null}]}");
            assertThat(
                    json(server.send("DELETE", "/keys/default", "", "x-api-key", OWNER), 409).path("reason").asText())
                    .isEqualTo("configured_key");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"default", "key2", "ci"})
    void aNameThatIsTakenOrKeptIsRefused(String name) throws Exception {
        try (ManagementServer server = withKey()) {
            make(server, "{\"name\": \"ci\", \"scopes\": [\"read\"]}", OWNER);

            assertThat(json(make(server, "{\"name\": \"" + name + "\", \"scopes\": [\"read\"]}", OWNER), 409)
                    .path("reason").asText()).isEqualTo("duplicate_key");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"name": "a/b", "scopes": ["read"]}                    | invalid_field  | name
            {"name": 7, "scopes": ["read"]}                        | invalid_field  | name
            {"scopes": ["read"]}                                   | invalid_field  | name
            {"name": "a", "scopes": []}                            | invalid_field  | scopes
            {"name": "a", "scopes": "read"}                        | invalid_field  | scopes
            {"name": "a", "scopes": ["read", "write"]}             | invalid_field  | scopes
            {"name": "a", "scopes": {"x": "read"}}                 | invalid_field  | scopes
            {"name": "a"}                                          | invalid_field  | scopes
            {"name": "a", "scopes": ["read"], "sigv4": "yes"}      | invalid_field  | sigv4
            {"name": "a", "scopes": ["read"], "secret": "mine"}    | unknown_field  | secret
            {"name": "", "scopes": ["nothing"], "sigv4": 1}        | invalid_field  | scopes
            """)
    void aWrongDefinitionIsRefusedByItsFields(String body, String reason, String field) throws Exception {
        try (ManagementServer server = withKey()) {
            JsonNode problem = json(make(server, body, OWNER), 400);

            assertThat(problem.path("reason").asText()).isEqualTo(reason);
            assertThat(problem.path("detail").asText()).contains(field);
        }
    }
}
