package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Making, changing, listing and deleting functions that belong to no callback, and what is refused.
final class FunctionApiTest extends FunctionsTest {

    private static String definition(String name, Object... more) throws IOException {
        ObjectNode json = TestGateway.JSON.createObjectNode().put("name", name).put("runtime", "python");
        for (int i = 0; i < more.length; i += 2) {
            json.set(more[i].toString(), TestGateway.JSON.valueToTree(more[i + 1]));
        }
        if (!json.has("files") && !json.has("archive")) {
            json.putIfAbsent("code", json.textNode(ONE));
        }
        return TestGateway.JSON.writeValueAsString(json);
    }

    private String create(String name, Object... more) throws Exception {
        return gateway.post("/functions", definition(name, more)).expect(201).json().path("functionId").asText();
    }

    private Answer put(String id, String json) throws Exception {
        return gateway.withBody("PUT", "/functions/" + id, json);
    }

    @Test
    void aFunctionIsMadeWithDefaultsAndFoundByItsId() throws Exception {
        Answer made = gateway.post("/functions", definition("least")).expect(201);
        JsonNode json = made.json();
        String id = json.path("functionId").asText();

        assertThat(made.header("Location")).contains("/functions/" + id);
        assertThat(json.path("success").asBoolean()).isTrue();
        assertThat(json.path("version").asInt()).isEqualTo(1);
        assertThat(json.path("memoryMb").asInt()).isEqualTo(128);
        assertThat(json.path("timeoutMs").asInt()).isEqualTo(30_000);
        assertThat(json.path("kind").asText()).isEqualTo("handler");
        assertThat(json.path("callbackId").isNull()).isTrue();
        assertThat(texts(json.path("files"))).containsExactly("lambda_function.py");
        assertThat(json.path("codeBytes").asInt()).isEqualTo(ONE.length());
        ObjectNode known = (ObjectNode) gateway.get("/functions/" + id).expect(200).json();
        assertThat(known).isEqualTo(((ObjectNode) json).remove(List.of("image", "build")));
    }

    @Test
    void ofTheEnvironmentOnlyTheNamesAreShown() throws Exception {
        Answer made = gateway.post("/functions", definition("secret", "env", Map.of("TOKEN", "s3cr3t-value")))
                .expect(201);

        assertThat(texts(made.json().path("env"))).containsExactly("TOKEN");
        assertThat(made.body()).doesNotContain("s3cr3t-value");
    }

    @Test
    void aNamedHandlerMakesAScriptAFunctionAndBack() throws Exception {
        String id = create("turn", "code", "def go(e, c): return 1");

        JsonNode named = put(id, "{\"handler\": \"go\"}").expect(200).json();
        JsonNode unnamed = put(id, "{\"handler\": null}").expect(200).json();

        assertThat(named.path("kind").asText()).isEqualTo("handler");
        assertThat(unnamed.path("kind").asText()).isEqualTo("script");
    }

    @Test
    void aChangeIsANewVersionAndKeepsWhatIsNotGiven() throws Exception {
        String id = create("changing", "memoryMb", 256, "description", "first");

        JsonNode changed = put(id, "{\"timeoutMs\": 1500, \"name\": \"changed\"}").expect(200).json();

        assertThat(changed.path("version").asInt()).isEqualTo(2);
        assertThat(changed.path("name").asText()).isEqualTo("changed");
        assertThat(changed.path("description").asText()).isEqualTo("first");
        assertThat(changed.path("memoryMb").asInt()).isEqualTo(256);
        assertThat(changed.path("timeoutMs").asInt()).isEqualTo(1500);
    }

    @Test
    void codeThatCannotBeLoadedIs422WithItsTraceAndLeavesNothing() throws Exception {
        long before = codeFiles();

        Answer answer = gateway.post("/functions", definition("broken", "code", "def handler(e, c: return 1"))
                .expect(422);

        assertThat(answer.reason()).isEqualTo("init_failed");
        assertThat(answer.json().path("errorType").asText()).isEqualTo("SyntaxError");
        assertThat(answer.json().path("log").toString()).contains("SyntaxError");
        assertThat(gateway.get("/functions?limit=200").body()).doesNotContain("broken");
        assertThat(codeFiles()).isEqualTo(before);
    }

    @Test
    void aChangeThatCannotBeLoadedIs422AndChangesNothing() throws Exception {
        String id = create("steady", "description", "good");
        JsonNode before = gateway.get("/functions/" + id).json();

        put(id, "{\"code\": \"raise Exception('no') # handler\", \"name\": \"bad\", \"description\": \"bad\"}")
                .expect(422);

        ObjectNode after = (ObjectNode) gateway.get("/functions/" + id).json();
        assertThat(after.remove("updatedAt")).isNotNull();
        assertThat(after).isEqualTo(((ObjectNode) before).without("updatedAt"));
        assertThat(put(id, "{\"memoryMb\": 256}").expect(200).json().path("codeSha256"))
                .isEqualTo(before.path("codeSha256"));
    }

    private long codeFiles() throws IOException {
        try (Stream<Path> files = Files.list(gateway.directory().resolve("code"))) {
            return files.count();
        }
    }

    @Test
    void aDeletedFunctionIsGoneWithItsCode() throws Exception {
        long before = codeFiles();
        String id = create("gone", "code", ONE + " # only this one's");
        put(id, "{\"code\": \"def handler(e, c): return 'and this'\"}").expect(200);
        assertThat(codeFiles()).isEqualTo(before + 2);

        JsonNode answer = gateway.delete("/functions/" + id).expect(200).json();

        assertThat(answer.path("success").asBoolean()).isTrue();
        assertThat(answer.path("deletedId").asText()).isEqualTo(id);
        gateway.get("/functions/" + id).expect(404);
        gateway.delete("/functions/" + id).expect(404);
        put(id, "{\"memoryMb\": 256}").expect(404);
        assertThat(codeFiles()).isEqualTo(before);
    }

    @Test
    void codeThatAnotherFunctionHasTooStays() throws Exception {
        String code = ONE + " # shared";
        String first = create("shared-1", "code", code);
        String second = create("shared-2", "code", code);

        gateway.delete("/functions/" + first).expect(200);

        assertThat(gateway.get("/functions/" + second).json().path("codeBytes").asInt()).isEqualTo(code.length());
    }

    @Test
    void theFunctionOfACallbackIsListedAndChangedByItsCallbackAlone() throws Exception {
        JsonNode callback = gateway.deploy("owned", "python", ONE).expect(200).json();
        JsonNode function = first(gateway.get("/functions?limit=1").expect(200).json());
        String id = function.path("functionId").asText();

        assertThat(function.path("callbackId")).isEqualTo(callback.path("callback_id"));
        assertThat(function.path("version").asInt()).isEqualTo(1);
        assertThat(gateway.delete("/functions/" + id).expect(409).reason()).isEqualTo("owned_by_callback");
        Answer refused = put(id, "{\"memoryMb\": 256}").expect(409);
        assertThat(refused.json().path("callbackId")).isEqualTo(callback.path("callback_id"));
    }

    private static JsonNode first(JsonNode list) {
        return list.path("functions").path(0);
    }

    @Test
    void theListGoesFromTheNewestOnPageByPage() throws Exception {
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            made.addFirst(create("page-" + i));
        }
        List<String> seen = new ArrayList<>();
        String query = "?limit=2";
        for (int page = 0; page < 3; page++) {
            JsonNode list = gateway.get("/functions" + query).expect(200).json();
            list.path("functions").forEach(one -> seen.add(one.path("functionId").asText()));
            query = "?limit=2&cursor=" + list.path("nextCursor").asText();
        }

        assertThat(seen).hasSize(6).startsWith(made.toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource({"limit=0, invalid_parameter", "limit=201, invalid_parameter", "limit=x, invalid_parameter",
            "limit=-1, invalid_parameter", "limit=99999999999, invalid_parameter", "limit=, invalid_parameter",
            "cursor=x, invalid_cursor", "cursor=%00, invalid_cursor", "cursor=, invalid_cursor"})
    void aListThatCannotBeGivenIsRefused(String query, String reason) throws Exception {
        assertThat(gateway.get("/functions?" + query).expect(400).reason()).isEqualTo(reason);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "memoryMb | 127", "memoryMb | 10241", "memoryMb | \"128\"", "memoryMb | 128.5", "memoryMb | 1e300",
            "timeoutMs | 0", "timeoutMs | 86400001", "concurrency | 0", "env | []", "env | {\"A B\": \"x\"}",
            "env | {\"A\": 1}", "network | \"yes\"", "handler | \"a;b\"", "name | \"-x\"", "name | \"\"", "name | 7",
            "name | \"a/b\"", "library | 7", "runtime | \"cobol\"", "runtime | \"python:2\"", "runtime | 7",
            "description | 1", "memory_mb | 256", "files | {\"a.py\": \"\"}", "code | \"\"", "code | 1",
            "code | \"a\\u0000b\"", "archive | \"UEsDBA==\""})
    void aFieldThatIsWrongIsNamed(String field, String value) throws Exception {
        ObjectNode json = (ObjectNode) TestGateway.JSON.readTree(definition("wrong"));
        json.set(field, TestGateway.JSON.readTree(value));

        Answer answer = gateway.post("/functions", json.toString()).expect(400);

        String named = value.startsWith("\"python") ? "this gateway has" : value.contains("u0000") ? "NUL" : field;
        assertThat(answer.json().path("detail").asText()).contains(named).doesNotContain("Exception");
    }

    @Test
    void allThatIsWrongIsSaidAtOnce() throws Exception {
        Answer json = gateway.post("/functions",
                "{\"runtime\": \"cobol\", \"memoryMb\": 1, \"timeoutMs\": 0, \"env\": 1}").expect(400);
        Answer form = new Form().with("memoryMb", "lots").with("env", "{").with("network", "maybe")
                .file("x.py", "a\0b").with("name", "-").post(gateway).expect(400);

        assertThat(json.json().path("detail").asText()).contains("cobol", "memoryMb", "timeoutMs", "env", "name",
                "code");
        assertThat(form.json().path("detail").asText()).contains("memoryMb", "env", "network", "x.py", "name");
    }

    @Test
    void changesAtTheSameTimeAreAllMadeOneAfterTheOther() throws Exception {
        String id = create("race");

        List<Answer> answers = Parallel.run(8, i -> put(id, "{\"env\": {\"N\": \"" + i + "\"}}"));

        assertThat(answers).allSatisfy(answer -> answer.expect(200));
        assertThat(answers).extracting(answer -> answer.json().path("version").asInt())
                .containsExactlyInAnyOrder(2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(gateway.get("/functions/" + id).json().path("version").asInt()).isEqualTo(9);
    }

    @Test
    void changesOfDifferentFieldsAtTheSameTimeAreNotLost() throws Exception {
        String id = create("both");

        Parallel.run(2, i -> put(id, i == 0 ? "{\"memoryMb\": 192}" : "{\"timeoutMs\": 777}").expect(200));

        JsonNode function = gateway.get("/functions/" + id).json();
        assertThat(function.path("memoryMb").asInt()).isEqualTo(192);
        assertThat(function.path("timeoutMs").asInt()).isEqualTo(777);
    }

    @Test
    void whatAFunctionCanBeWrittenInIsListed() throws Exception {
        JsonNode json = gateway.get("/runtimes").expect(200).json();

        JsonNode python = json.path("runtimes").path(1);
        assertThat(python.path("id").asText()).isEqualTo("python");
        assertThat(texts(python.path("aliases"))).contains("python3");
        assertThat(texts(python.path("extensions"))).containsExactly(".py");
        assertThat(texts(python.path("handlers"))).containsExactly("lambda_handler", "handler");
        assertThat(python.path("version").asText()).matches("3\\.\\d+.*");
        assertThat(json.path("pluginProblems").isArray()).isTrue();
    }

    @Test
    void anUnknownFunctionIs404() throws Exception {
        assertThat(gateway.get("/functions/nothing").expect(404).reason()).isEqualTo("not_found");
        gateway.get("/functions/%20").expect(404);
    }

    @Test
    void noWebPageOfSomebodyElseMayMakeAFunction() throws Exception {
        Answer answer = gateway.withBody("POST", "/functions", definition("page"), "Origin",
                "https://elsewhere.example");

        assertThat(answer.expect(403).reason()).isEqualTo("foreign_origin");
    }
}
