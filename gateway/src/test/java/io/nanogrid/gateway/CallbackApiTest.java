package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nanogrid.gateway.TestGateway.Answer;
import io.nanogrid.gateway.deploy.DefinitionReader;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.Base64;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Registering, changing and deleting callbacks and chat rooms, and what is refused.
final class CallbackApiTest extends GatewayTest {

    private static final String ONE = "def handler(e, c): return 1";

    private static String definition(String path, String more) {
        return "{\"path\": \"" + path + "\", \"method\": \"GET\", \"type\": \"python\", \"code\": \"" + ONE + "\""
                + more + "}";
    }

    private long create(String path) throws Exception {
        return gateway.post("/callbacks", definition(path, "")).expect(200).json().path("callback_id").asLong();
    }

    @Test
    void anEmptyDatabaseHasTheTwoExamplesNotDeployed() throws Exception {
        JsonNode first = gateway.get("/callbacks/1001").expect(200).json();
        JsonNode second = gateway.get("/callbacks/1002").expect(200).json();

        assertThat(summary(first)).isEqualTo("hello GET python not_deployed");
        assertThat(summary(second)).isEqualTo("world GET node not_deployed");
    }

    private static String summary(JsonNode callback) {
        return Stream.of("path", "method", "type", "status").map(name -> callback.path(name).asText())
                .collect(Collectors.joining(" "));
    }

    @Test
    void aRegisteredCallbackIsPendingAndShowsItsDefaults() throws Exception {
        Answer answer = gateway.post("/callbacks", definition("registered/{id}", ", \"env\": {\"A\": \"b\"}"))
                .expect(200);

        JsonNode callback = answer.json();
        assertThat(callback.path("status").asText()).isEqualTo("pending");
        assertThat(callback.path("memory_mb").asInt()).isEqualTo(128);
        assertThat(callback.path("timeout_ms").asInt()).isEqualTo(30_000);
        assertThat(callback.path("payload").asText()).isEqualTo("simple");
        assertThat(callback.path("auth").asText()).isEqualTo("none");
        long id = callback.path("callback_id").asLong();
        assertThat(gateway.get("/callbacks/" + id).expect(200).json().path("code").asText()).isEqualTo(ONE);
    }

    @Test
    void aCallbackThatIsNotDeployedIs404() throws Exception {
        create("not-yet");

        assertThat(gateway.get("/api/not-yet").expect(404).reason()).isEqualTo("not_found");
    }

    @Test
    void theSamePathAndMethodTwiceIs409() throws Exception {
        long id = create("twice/{a}");

        Answer answer = gateway.post("/callbacks", definition("twice/{b}", "")).expect(409);

        assertThat(answer.reason()).isEqualTo("duplicate_route");
        assertThat(answer.json().path("callback_id").asLong()).isEqualTo(id);
    }

    @Test
    void twentyAtOnceWithOnePathMakeOneCallback() throws Exception {
        var statuses = Parallel.run(20, _ -> gateway.post("/callbacks", definition("race", "")).status());

        assertThat(statuses).containsOnly(200, 409).containsOnlyOnce(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "a/../b", "a//b", "a/./b", "{}", "{1a}", "a/*/b", "a%2fb", "a b", "{x}/{x}",
            "functions/x", "a\\\\b", "",
            "/", "a?b", "a#b"})
    void aPathThatCannotBeOneIsRefused(String path) throws Exception {
        Answer answer = gateway.post("/callbacks", definition(path, "")).expect(400);

        assertThat(answer.json().path("error").asText()).isNotEmpty().isEqualTo(answer.json().path("detail").asText());
        assertThat(answer.header("Content-Type")).contains("application/problem+json");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "\"memory_mb\": 127 | memory_mb", "\"memory_mb\": \"128\" | memory_mb", "\"memory_mb\": 10241 | memory_mb",
            "\"timeout_ms\": 0 | timeout_ms", "\"timeout_ms\": 3600001 | timeout_ms",
            "\"concurrency\": 0 | concurrency",
            "\"payload\": \"3.0\" | payload", "\"auth\": \"maybe\" | auth", "\"env\": {\"A B\": \"x\"} | env",
            "\"env\": {\"A\": 1} | env",
            "\"env\": [] | env", "\"network\": \"yes\" | network", "\"handler\": \"a;b\" | handler",
            "\"name\": \"-x\" | name",
            "\"files\": {\"a.py\": \"\"} | code once", "\"unknown\": 1 | unknown", "\"library\": 7 | library"})
    void aFieldThatIsWrongIsNamed(String field, String named) throws Exception {
        Answer answer = gateway.post("/callbacks", definition("wrong", ", " + field)).expect(400);

        assertThat(answer.json().path("detail").asText()).contains(named);
    }

    @Test
    void allThatIsWrongIsSaidAtOnce() throws Exception {
        Answer answer = gateway.post("/callbacks", "{\"method\": \"FETCH\", \"type\": \"cobol\", \"memory_mb\": 1}")
                .expect(400);

        assertThat(answer.json().path("detail").asText()).contains("path", "method", "cobol", "node", "python",
                "memory_mb", "code");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "null", "{\"path\": \"a\", \"path\": \"b\"}", "{} {}", "\u0000",
            "{\"path\": \"a\",}"})
    void aBodyThatIsNoJsonObjectIs400(String body) throws Exception {
        gateway.post("/callbacks", body).expect(400);
        gateway.post("/callback/deploy", body).expect(400);
    }

    @Test
    void aBodyWithoutTheJsonTypeIs415() throws Exception {
        assertThat(gateway.post("/callbacks", "{}", "content-type", "text/plain").expect(415).reason())
                .isEqualTo("json_expected");
    }

    @Test
    void aBodyOverTheLimitIs413() throws Exception {
        HttpRequest.BodyPublisher chunked = HttpRequest.BodyPublishers.fromPublisher(
                HttpRequest.BodyPublishers.ofByteArray(new byte[(6 << 20) + 1]));

        Answer answer = gateway
                .send(gateway.request("/callbacks").header("content-type", "application/json").POST(chunked))
                .expect(413);

        assertThat(answer.reason()).isEqualTo("body_too_large");
    }

    @Test
    void putChangesWhatIsGivenAndLeavesTheRest() throws Exception {
        long id = create("put-me");

        JsonNode changed = gateway.withBody("PUT", "/callbacks/" + id, "{\"memory_mb\": 256, \"env\": {\"K\": \"v\"}}")
                .expect(200).json();

        assertThat(changed.path("memory_mb").asInt()).isEqualTo(256);
        assertThat(changed.path("env").path("K").asText()).isEqualTo("v");
        assertThat(changed.path("path").asText()).isEqualTo("put-me");
        assertThat(gateway.get("/callbacks/" + id).json().path("code").asText()).isEqualTo(ONE);
    }

    @Test
    void aDeletedCallbackTakesItsFiguresAlong() throws Exception {
        long id = gateway.deploy("short-lived", "python", "def handler(event, context): return 1").expect(200).json()
                .path("callback_id").asLong();
        gateway.get("/api/short-lived").expect(200);
        assertThat(gateway.get("/metrics").body()).contains("\"/api/short-lived\"");

        gateway.delete("/callbacks/" + id).expect(200);

        assertThat(gateway.get("/metrics").body()).doesNotContain("\"/api/short-lived\"");
    }

    @Test
    void aDeletedCallbackIsGone() throws Exception {
        long id = create("delete-me");

        assertThat(gateway.delete("/callbacks/" + id).expect(200).json().path("message").asText()).isNotEmpty();

        gateway.get("/callbacks/" + id).expect(404);
        gateway.delete("/callbacks/" + id).expect(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/callbacks/99999", "/callbacks/x", "/callbacks/-1", "/callbacks/99999999999999999999",
            "/nowhere", "/callback"})
    void whatIsNotThereIs404AsAProblem(String path) throws Exception {
        Answer answer = gateway.get(path).expect(404);

        assertThat(answer.json().path("status").asInt()).isEqualTo(404);
        assertThat(answer.json().path("requestId").asText()).isEqualTo(answer.header("X-Request-Id").orElseThrow());
    }

    @Test
    void aTrailingSlashIsOptional() throws Exception {
        gateway.get("/callbacks/").expect(200);
        gateway.get("/health/").expect(200);
    }

    @Test
    void aMethodThatAPathLacksIs405() throws Exception {
        gateway.delete("/callbacks").expect(405);
    }

    @Test
    void anUnusableRequestIdIsReplaced() throws Exception {
        Answer answer = gateway.send(gateway.request("/health").header("X-Request-Id", "a b<script>"));

        assertThat(answer.header("X-Request-Id").orElseThrow()).matches("[0-9a-f-]{36}");
    }

    @Test
    void aChatRoomIsLinkedToItsCallbackAndTakesItAlong() throws Exception {
        gateway.post("/chatroom", "{\"chat_id\": \"room-1\", \"title\": \"Orders\"}").expect(200);
        long id = gateway.post("/callbacks", definition("chat", ", \"chat_id\": \"room-1\"")).expect(200).json()
                .path("callback_id").asLong();

        assertThat(gateway.get("/chatroom/room-1").expect(200).json().path("callback_id").asLong()).isEqualTo(id);
        assertThat(gateway.withBody("PUT", "/chatroom/room-1", "{\"title\": \"New\"}").expect(200).json().path("title")
                .asText())
                .isEqualTo("New");
        gateway.delete("/chatroom/room-1").expect(200);
        gateway.get("/chatroom/room-1").expect(404);
        gateway.get("/callbacks/" + id).expect(404);
    }

    @Test
    void anUnknownChatRoomIs409() throws Exception {
        assertThat(gateway.post("/callbacks", definition("chat-2", ", \"chat_id\": \"nobody\"")).expect(409).reason())
                .isEqualTo("unknown_chat_room");
    }

    @Test
    void anArchiveWithAPathThatLeavesItIsRefused() throws Exception {
        String archive = Base64.getEncoder().encodeToString(zip("../../etc/cron.d/x", "x"));

        Answer answer = gateway.post("/callbacks",
                "{\"path\": \"zip\", \"method\": \"GET\", \"type\": \"python\", \"archive\": \"" + archive + "\"}")
                .expect(400);

        assertThat(answer.json().path("detail").asText()).contains("..");
    }

    @Test
    void anArchiveIsDeployedAndRuns() throws Exception {
        String archive = Base64.getEncoder()
                .encodeToString(zip("lambda_function.py", "def lambda_handler(e, c): return 'zipped'"));

        gateway.post("/callback/deploy",
                "{\"path\": \"zipped\", \"method\": \"GET\", \"type\": \"python\", \"archive\": \"" + archive + "\"}")
                .expect(200);

        assertThat(gateway.get("/api/zipped").expect(200).body()).isEqualTo("\"zipped\"");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"lambda_function.py | def handler(e, c): return 1 | code",
            "main.py | def handler(e, c): return 1 | files", "lambda_function.py | '   ' | files",
            "data.bin | \ud800 | archive"})
    void codeThatIsAnsweredCanBeSentBack(String name, String content, String field) throws Exception {
        byte[] bytes = content.equals("\ud800") ? new byte[]{(byte) 0xff, 0} : content.getBytes(StandardCharsets.UTF_8);
        String archive = Base64.getEncoder().encodeToString(zip(name, bytes));
        long id = create("send-back-" + field + "-" + content.length());
        gateway.withBody("PUT", "/callbacks/" + id, "{\"archive\": \"" + archive + "\"}").expect(200);

        ObjectNode answered = (ObjectNode) gateway.get("/callbacks/" + id).expect(200).json();
        assertThat(Stream.of("code", "files", "archive", "binary_files").filter(answered::has)).containsExactly(field);
        String before = codeHash(id);
        // Every field that can be given, nulls too.
        gateway.withBody("PUT", "/callbacks/" + id, answered.retain(DefinitionReader.FIELDS).toString()).expect(200);

        assertThat(codeHash(id)).isEqualTo(before);
    }

    private String codeHash(long id) throws Exception {
        try (var connection = DriverManager
                .getConnection("jdbc:sqlite:" + gateway.directory().resolve("db/nanogrid.db"));
                var query = connection.prepareStatement("SELECT d.code_hash FROM callback c JOIN function f "
                        + "ON f.id = c.function_id JOIN definition d ON d.id = f.draft WHERE c.id = " + id);
                var row = query.executeQuery()) {
            return row.getString(1);
        }
    }

    @Test
    void codeThatIsDamagedOrLostIsSaidWithWhatToDo() throws Exception {
        long id = create("damaged");
        gateway.withBody("PUT", "/callbacks/" + id, "{\"code\": \"def handler(e, c): return 'damaged'\"}").expect(200);
        Path stored = gateway.directory().resolve("code/" + codeHash(id) + ".zip");

        Files.writeString(stored, "no zip");
        JsonNode damaged = gateway.get("/callbacks/" + id).expect(200).json();
        Files.delete(stored);
        JsonNode lost = gateway.get("/callbacks/" + id).expect(200).json();

        assertThat(damaged.path("code").isNull() && lost.path("code").isNull()).isTrue();
        assertThat(damaged.path("code_hint").asText()).contains("PUT /callbacks/" + id);
        assertThat(lost.path("code_hint").asText()).isEqualTo(damaged.path("code_hint").asText());
    }

    @Test
    void moreFilesThanACallbackMayHaveAre400() throws Exception {
        ObjectNode files = TestGateway.JSON.createObjectNode();
        for (int i = 0; i <= 4096; i++) {
            files.put("f" + i + ".py", "");
        }

        Answer answer = gateway.post("/callbacks",
                "{\"path\": \"many\", \"method\": \"GET\", \"type\": \"python\", \"files\": " + files + "}")
                .expect(400);

        assertThat(answer.json().path("detail").asText()).contains("more than 4096 files");
    }

    private static byte[] zip(String name, String content) throws Exception {
        return zip(name, content.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] zip(String name, byte[] content) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry(name));
            zip.write(content);
        }
        return bytes.toByteArray();
    }
}
