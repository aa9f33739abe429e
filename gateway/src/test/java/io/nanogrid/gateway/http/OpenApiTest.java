package io.nanogrid.gateway.http;

import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.HandlerType;
import io.javalin.router.InternalRouter;
import io.javalin.websocket.WsHandlerType;
import io.nanogrid.gateway.deploy.DefinitionReader;
import io.nanogrid.gateway.deploy.FunctionDefinitionReader;
import io.swagger.v3.oas.models.SpecVersion;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.ParseOptions;
import io.swagger.v3.parser.core.models.SwaggerParseResult;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OpenApiTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path SOURCES = Path.of("src", "main", "java", "io", "nanogrid", "gateway");
    /// Where an error gets its reason: in the catalogue, or where the catalogue leaves it to the caller.
    private static final Pattern REASON = Pattern.compile(
            "(?:Component\\.[A-Z]+,|badRequest\\(|conflict\\(|new BuildFault\\.Failed\\()\\s*\"([a-z_]+)\"");

    private static ApiDocument document;
    private static ManagementServer server;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        document = ApiDocument.read();
        server = new ManagementServer(directory, Map.of());
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @Test
    void itIsAValidOpenApiDocument() {
        ParseOptions options = new ParseOptions();
        options.setResolve(true);

        SwaggerParseResult result = new OpenAPIV3Parser().readContents(document.text, null, options);

        assertThat(result.getMessages()).isEmpty();
        assertThat(result.getOpenAPI().getSpecVersion()).isEqualTo(SpecVersion.V31);
    }

    @Test
    void itHasEveryRouteOfTheServerAndNoOther() {
        InternalRouter router = server.router();
        List<HandlerType> methods = List.of(HandlerType.GET, HandlerType.HEAD, HandlerType.POST, HandlerType.PUT,
                HandlerType.PATCH, HandlerType.DELETE, HandlerType.OPTIONS);
        Set<String> routes = router.allHttpHandlers().stream().filter(route -> methods.contains(route.endpoint.method))
                .map(route -> route.endpoint.method.name() + " "
                        + route.endpoint.path.replace("*", "{path}").replace('<', '{')
                                .replace('>', '}'))
                .collect(toCollection(TreeSet::new));
        router.allWsHandlers().stream().filter(route -> route.getType() == WsHandlerType.WEBSOCKET)
                .forEach(route -> routes.add("GET " + route.getPath()));
        // Beside each GET stands its HEAD, which the document says once for all.
        routes.removeIf(route -> route.startsWith("HEAD "));
        ApiHandler.METHODS.forEach(method -> routes.add(method + " /api/{path}"));

        assertThat(document.operations()).isEqualTo(routes);
    }

    @Test
    void itHasEveryReasonThatAnErrorMayGiveAndNoOther() throws IOException {
        Set<String> reasons = new TreeSet<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(name -> name.toString().endsWith(".java")).toList()) {
                REASON.matcher(Files.readString(file)).results().forEach(match -> reasons.add(match.group(1)));
            }
        }

        assertThat(document.words("/components/schemas/Reason/enum")).isSorted()
                .containsExactlyInAnyOrderElementsOf(reasons);
    }

    @Test
    void itHasEveryComponentThatAnErrorMayGiveAndNoOther() {
        List<String> components = Arrays.stream(Problem.Component.values()).map(Problem.Component::wireName).toList();

        assertThat(document.words("/components/schemas/Component/enum")).isEqualTo(components);
    }

    @Test
    void itHasEveryFieldOfADefinitionAndNoOther() {
        Set<String> fields = new TreeSet<>();
        document.root.at("/components/schemas/DefinitionFields/properties").fieldNames().forEachRemaining(fields::add);

        assertThat(fields).isEqualTo(new TreeSet<>(DefinitionReader.FIELDS));
    }

    @Test
    void itHasEveryFieldOfAFunctionAndNoOther() {
        Set<String> fields = new TreeSet<>();
        document.root.at("/components/schemas/FunctionFields/properties").fieldNames().forEachRemaining(fields::add);
        Set<String> parts = new TreeSet<>();
        document.root.at("/components/schemas/FunctionForm/properties").fieldNames().forEachRemaining(parts::add);

        assertThat(fields).isEqualTo(new TreeSet<>(FunctionDefinitionReader.FIELDS));
        assertThat(parts).containsAll(fields).hasSize(fields.size() + 1).contains("file");
    }

    @Test
    void everyExampleIsWhatItsSchemaSays() {
        int[] examples = {0};
        examples("", document.root, (schema, example) -> {
            examples[0]++;
            assertThat(document.faults(schema, example)).as("%s: %s", schema, example).isEmpty();
        });

        assertThat(examples[0]).isGreaterThan(50);
    }

    private static void examples(String pointer, JsonNode node, BiConsumer<String, JsonNode> each) {
        if (node.has("schema")) {
            if (node.has("example") && !node.path("example").isTextual()) {
                each.accept(pointer + "/schema", node.get("example"));
            }
            node.path("examples").forEach(example -> each.accept(pointer + "/schema", example.get("value")));
        }
        if (node instanceof ObjectNode object) {
            object.properties().forEach(
                    entry -> examples(pointer + "/" + ApiDocument.escaped(entry.getKey()), entry.getValue(), each));
        }
    }

    @Test
    void theGatewayTakesTheDefinitionsThatAreItsExamples() throws Exception {
        JsonNode examples = document.root.at("/paths/~1callbacks/post/requestBody/content/application~1json/examples");

        assertThat(examples).hasSize(2);
        for (JsonNode example : examples) {
            HttpResponse<String> response = server.send("POST", "/callbacks", example.get("value").toString());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        }
    }

    /// Each is sent to a callback and a chat room that are there.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            GET    | /callbacks                    |                                                     | 200
            GET    | /callbacks/{id}               |                                                     | 200
            GET    | /callbacks/{id}               |                                                     | 404
            PUT    | /callbacks/{id}               | {"memory_mb": 256, "env": {"A": "b"}}               | 200
            PUT    | /callbacks/{id}               | {"memory_mb": 1}                                    | 400
            PUT    | /callbacks/{id}               | {"chat_id": "nowhere"}                              | 409
            POST   | /callbacks                    | {"path": "taken", "method": "GET", "type": "python", "code": "1"} | 409
            POST   | /callbacks                    | {"paht": "x"}                                       | 400
            DELETE | /callbacks/{id}               |                                                     | 200
            POST   | /callbacks/{id}/rollback      |                                                     | 409
            POST   | /callback/deploy              | {"callback_id": {id}}                               | 503
            POST   | /callback/deploy              | {"callback_id": {id}, "status": false}              | 200
            POST   | /deploy                       | {"callback_id": {id}, "status": false}              | 200
            POST   | /deploy                       | {"callback_id": 1}                                  | 404
            GET    | /chatroom                     |                                                     | 200
            POST   | /chatroom                     | {"title": "Another"}                                | 200
            POST   | /chatroom                     | {"chat_id": "room", "title": "Another"}             | 409
            GET    | /chatroom/{chat_id}           |                                                     | 200
            PUT    | /chatroom/{chat_id}           | {"title": "Better"}                                 | 200
            DELETE | /chatroom/{chat_id}           |                                                     | 200
            GET    | /api/{path}                   |                                                     | 404
            GET    | /functions                    |                                                     | 200
            POST   | /functions                    | {"name": "f", "runtime": "python", "code": "x = 1"}  | 503
            POST   | /functions                    | {"nmae": "f"}                                       | 400
            POST   | /upload                       | {"memoryMb": 1}                                     | 400
            GET    | /functions/{id}               |                                                     | 404
            PUT    | /functions/{id}               | {"memoryMb": 256}                                   | 404
            DELETE | /functions/{id}               |                                                     | 404
            GET    | /runtimes                     |                                                     | 200
            POST   | /run                          | {}                                                  | 400
            POST   | /run                          | {"functionId": "none"}                              | 404
            GET    | /status/{jobId}               |                                                     | 404
            GET    | /jobs                         |                                                     | 200
            POST   | /jobs/{id}/retry              |                                                     | 404
            GET    | /outputs/{requestId}/{file}   |                                                     | 404
            GET    | /callbacks/{id}/logs          |                                                     | 200
            GET    | /callbacks/{id}/logs          |                                                     | 404
            GET    | /functions/{id}/logs          |                                                     | 404
            GET    | /functions/{id}/tuning        |                                                     | 404
            GET    | /api/functions/{id}/logs      |                                                     | 404
            GET    | /health                       |                                                     | 503
            GET    | /health/live                  |                                                     | 200
            """)
    void whatTheGatewayAnswersIsWhatTheDocumentSays(String method, String path, String body, int status)
            throws Exception {
        server.send("POST", "/chatroom", "{\"chat_id\": \"room\", \"title\": \"Room\"}");
        JsonNode made = JSON.readTree(server.send("POST", "/callback/deploy",
                "{\"path\": \"taken\", \"method\": \"GET\", \"type\": \"python\", \"code\": \"1\", \"status\": false}")
                .body());
        String id = status == 404 ? "1" : made.get("callback_id").asText();

        HttpResponse<String> response = server.send(method,
                path.replace("{id}", id).replace("{chat_id}", "room").replaceAll("\\{(path|jobId|requestId|file)}",
                        "nothing"),
                body == null ? "" : body.replace("{id}", id));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(response.headers().firstValue("X-Request-Id")).isPresent();
        assertDocumented(method, path, response);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/callbacks", "/callback/deploy", "/deploy", "/chatroom", "/functions", "/upload", "/run"})
    void whatItSaysAboutBodiesThatAreNotJsonIsTrue(String path) throws Exception {
        HttpResponse<String> response = server.send("POST", path, "", "Content-Type", "text/plain");

        assertThat(response.statusCode()).isEqualTo(415);
        assertDocumented("POST", path, response);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/functions", "/jobs"})
    void whatItSaysAboutListsThatCannotBeGivenIsTrue(String path) throws Exception {
        HttpResponse<String> response = server.get(path + "?limit=0");

        assertThat(response.statusCode()).isEqualTo(400);
        assertDocumented("GET", path, response);
    }

    @Test
    void whatItSaysAboutBodiesThatAreTooLargeIsTrue() throws Exception {
        HttpResponse<String> response = server.send("POST", "/callbacks", " ".repeat(7 << 20));

        assertThat(response.statusCode()).isEqualTo(413);
        assertDocumented("POST", "/callbacks", response);
    }

    @Test
    void whatItSaysAboutForeignPagesIsTrue() throws Exception {
        HttpResponse<String> response = server.get("/callbacks", "Origin", "https://elsewhere.example");

        assertThat(response.statusCode()).isEqualTo(403);
        assertDocumented("GET", "/callbacks", response);
    }

    private static void assertDocumented(String method, String path, HttpResponse<String> response) throws IOException {
        String described = document.resolved("/paths/" + ApiDocument.escaped(path) + "/"
                + method.toLowerCase(Locale.ROOT) + "/responses/" + response.statusCode());
        String type = response.headers().firstValue("Content-Type").orElse("");

        assertThat(document.faults(described + "/content/" + ApiDocument.escaped(type) + "/schema",
                JSON.readTree(response.body()))).as(response.body()).isEmpty();
    }
}
