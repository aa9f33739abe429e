package io.nanogrid.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.http.HandlerType;
import io.javalin.router.InternalRouter;
import io.javalin.websocket.WsHandlerType;
import io.nanogrid.db.Scope;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// Which key may call which route.
class ScopesTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String OWNER = "the-owners-key";

    /// Every route of the server, with the scopes of which a key needs one; `-` needs no key.
    private static final String RULES = """
            GET    /callbacks                READ
            POST   /callbacks                DEPLOY
            GET    /callbacks/{id}           READ
            PUT    /callbacks/{id}           DEPLOY
            DELETE /callbacks/{id}           DEPLOY
            POST   /callbacks/{id}/rollback  DEPLOY
            POST   /callback/deploy          DEPLOY
            POST   /deploy                   DEPLOY
            GET    /deploy/ws                READ
            GET    /chatroom                 READ
            POST   /chatroom                 DEPLOY
            GET    /chatroom/{chat_id}       READ
            PUT    /chatroom/{chat_id}       DEPLOY
            DELETE /chatroom/{chat_id}       DEPLOY
            GET    /keys                     ADMIN
            POST   /keys                     ADMIN
            DELETE /keys/{name}              ADMIN
            GET    /functions/{id}/logs          READ
            GET    /functions/{id}/logs/stream   READ
            GET    /functions/{id}/tuning        READ
            GET    /callbacks/{id}/logs          READ
            GET    /callbacks/{id}/logs/stream   READ
            GET    /api/functions/{id}/logs      READ
            GET    /metrics                      READ
            GET    /functions                READ
            POST   /functions                DEPLOY
            POST   /upload                   DEPLOY
            GET    /functions/{id}           READ
            PUT    /functions/{id}           DEPLOY
            DELETE /functions/{id}           DEPLOY
            GET    /runtimes                 READ
            POST   /run                      INVOKE
            GET    /status/{jobId}           INVOKE,READ
            GET    /jobs                     READ
            POST   /jobs/{id}/retry          INVOKE
            GET    /outputs/{requestId}/<file> INVOKE,READ
            POST   /2015-03-31/functions/{name}/invocations INVOKE
            GET    /health                   -
            GET    /health/live              -
            GET    /                         -
            GET    /docs                     -
            GET    /docs/{file}              -
            GET    /openapi.json             -
            """;

    private record Rule(String method, String path, Set<Scope> anyOf) {

        static Rule read(String line) {
            String[] parts = line.split("\\s+");
            return new Rule(parts[0], parts[1],
                    parts[2].equals("-")
                            ? Set.of()
                            : Arrays.stream(parts[2].split(",")).map(Scope::valueOf)
                                    .collect(Collectors.toCollection(() -> EnumSet.noneOf(Scope.class))));
        }

        /// Whose errors are in AWS's form.
        boolean isLambda() {
            return path.startsWith("/2015-03-31/");
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    static final List<Rule> ALL = RULES.lines().map(Rule::read).toList();
    static final List<Rule> PROTECTED = ALL.stream().filter(rule -> !rule.anyOf.isEmpty()).toList();
    static final List<Rule> PUBLIC = ALL.stream().filter(rule -> rule.anyOf.isEmpty()).toList();

    private static ManagementServer server;
    private static final Map<Scope, String> SECRETS = new EnumMap<>(Scope.class);

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        server = new ManagementServer(directory, Map.of("NANOGRID_API_KEY", OWNER, "RATE_LIMIT_PER_MINUTE", "0"));
        for (Scope scope : Scope.values()) {
            SECRETS.put(scope, make("only-" + scope.wireName(), scope.wireName()));
        }
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    private static String secret(Scope scope) {
        return SECRETS.getOrDefault(scope, "");
    }

    private static String make(String name, String scope) throws Exception {
        return JSON.readTree(server.send("POST", "/keys",
                "{\"name\": \"" + name + "\", \"scopes\": [\"" + scope + "\"]}", "x-api-key", OWNER).body())
                .path("secret").textValue();
    }

    private record Reply(int status, String body) {

        /// Empty where it isn't a problem document.
        String reason() throws IOException {
            return body.isEmpty() ? "" : JSON.readTree(body).path("reason").asText();
        }
    }

    /// Nothing behind the path is there, so that no call changes what another needs.
    private static Reply call(Rule rule, String... headers) throws Exception {
        if (rule.path.endsWith("/ws")) {
            return upgrade(rule.path, headers);
        }
        HttpResponse<String> response = server.send(rule.method, rule.path.replaceAll("[{<][^}>]*[}>]", "4711"),
                rule.method.equals("POST") || rule.method.equals("PUT") ? "{}" : "", headers);
        return new Reply(response.statusCode(), response.body());
    }

    /// Its refusals have no body.
    private static Reply upgrade(String path, String... headers) throws Exception {
        StringBuilder request = new StringBuilder("GET " + path
                + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        for (int i = 0; i < headers.length; i += 2) {
            request.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
        }
        try (Socket socket = server.connect()) {
            socket.getOutputStream().write((request + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            String status = new String(socket.getInputStream().readNBytes(12), StandardCharsets.UTF_8);
            return new Reply(Integer.parseInt(status.split(" ")[1]), "");
        }
    }

    @Test
    void everyRouteOfTheServerHasARule() {
        InternalRouter router = server.router();
        Set<HandlerType> none = Set.of(HandlerType.BEFORE, HandlerType.AFTER, HandlerType.BEFORE_MATCHED,
                HandlerType.AFTER_MATCHED, HandlerType.WEBSOCKET_BEFORE_UPGRADE, HandlerType.WEBSOCKET_AFTER_UPGRADE,
                HandlerType.HEAD);
        Set<String> routes = router.allHttpHandlers().stream().filter(route -> !none.contains(route.endpoint.method))
                .map(route -> route.endpoint.method.name() + " " + route.endpoint.path)
                .collect(Collectors.toCollection(TreeSet::new));
        router.allWsHandlers().stream().filter(route -> route.getType() == WsHandlerType.WEBSOCKET)
                .forEach(route -> routes.add("GET " + route.getPath()));

        assertThat(ALL.stream().map(Rule::toString)).containsExactlyInAnyOrderElementsOf(routes);
    }

    @ParameterizedTest
    @FieldSource("PROTECTED")
    void withoutAKeyOrWithAWrongOneNobodyGetsIn(Rule rule) throws Exception {
        for (Reply reply : List.of(call(rule), call(rule, "x-api-key", "invented"),
                call(rule, "x-api-key", ""))) {
            assertThat(reply.status).isEqualTo(rule.isLambda() ? 403 : 401);
            assertThat(reply.reason()).isIn("api_key_required", "");
        }
    }

    @ParameterizedTest
    @FieldSource("PROTECTED")
    void aKeyWithoutTheScopeIsRefusedByItsName(Rule rule) throws Exception {
        for (Scope scope : EnumSet.complementOf(EnumSet.copyOf(rule.anyOf))) {
            Reply reply = call(rule, "x-api-key", secret(scope));

            assertThat(reply.status).as("with %s", scope).isEqualTo(403);
            assertThat(reply.reason()).isIn("scope_missing", "");
            if (!reply.reason().isEmpty()) {
                JsonNode problem = JSON.readTree(reply.body);
                assertThat(rule.anyOf).extracting(Scope::wireName).contains(problem.path("scope").asText());
                assertThat(problem.path("detail").asText()).contains("only-" + scope.wireName(),
                        problem.path("scope").asText());
            }
        }
    }

    @ParameterizedTest
    @FieldSource("PROTECTED")
    void aKeyWithTheScopeGetsIn(Rule rule) throws Exception {
        Map<String, Integer> statuses = new TreeMap<>();
        for (Scope scope : rule.anyOf) {
            statuses.put(scope.wireName(), call(rule, "x-api-key", secret(scope)).status);
        }
        statuses.put("configured", call(rule, "x-api-key", OWNER).status);

        assertThat(statuses.values()).as("%s", statuses).doesNotContain(401, 403, 500);
    }

    @ParameterizedTest
    @FieldSource("PUBLIC")
    void whatIsPublicNeedsNoKey(Rule rule) throws Exception {
        assertThat(call(rule).status).isNotIn(401, 403);
    }

    @ParameterizedTest
    @FieldSource("PROTECTED")
    void noForeignPageGetsInEvenWithAKey(Rule rule) throws Exception {
        Reply reply = call(rule, "x-api-key", OWNER, "Origin", "https://elsewhere.example");

        assertThat(reply.status).isEqualTo(403);
        assertThat(reply.reason()).isIn("foreign_origin", "");
    }
}
