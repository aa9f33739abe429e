package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nanogrid.db.Access;
import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.code.DirectoryCodeStore;
import io.nanogrid.gateway.engine.NoEngine;
import io.nanogrid.gateway.plugins.TestRuntimes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DefinitionReaderTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LEAST = "{\"path\":\"hello\",\"method\":\"get\",\"type\":\"python\",\"code\":\"x = 1\"}";

    @TempDir
    private Path directory;

    private CodeStore store;
    private DefinitionReader reader;

    @BeforeEach
    void open() throws Exception {
        store = new DirectoryCodeStore(directory, InstantSource.system());
        reader = new DefinitionReader(new RuntimeTypes(TestRuntimes.all(), new EngineWith("3.11.7")), store);
    }

    @Test
    void theLeastThatIsNeededGetsDefaultsForTheRest() throws Exception {
        CallbackDraft draft = create(LEAST);
        assertThat(draft.name()).isEqualTo("hello");
        assertThat(draft.endpoint().method()).isEqualTo("GET");
        assertThat(draft.endpoint().auth()).isEqualTo(Access.NONE);
        assertThat(draft.endpoint().rateLimit()).isNull();
        assertThat(draft.definition().runtime()).isEqualTo("python");
        assertThat(draft.definition().memoryMb()).isEqualTo(128);
        assertThat(draft.definition().timeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(draft.definition().concurrency()).isNull();
        assertThat(draft.definition().network()).isFalse();
        assertThat(draft.definition().payload()).isEqualTo(PayloadFormat.SIMPLE);
        assertThat(draft.definition().env()).isEmpty();
    }

    @Test
    void itsCodeIsStoredUnderTheRuntimesFirstFileName() throws Exception {
        assertThat(store.get(create(LEAST).definition().codeHash()).files()).containsOnlyKeys("lambda_function.py");
    }

    @Test
    void everyFieldIsRead() throws Exception {
        CallbackDraft draft = create("""
                {"path":"/users/{id}/","method":"ANY","type":"py:3.11","files":{"app.py":"x","lib/b.py":"y"},"handler":"app.go",
                "library":"requests","env":{"A":"1"},"memory_mb":256,"timeout_ms":1500,"concurrency":3,"network":true,
                "payload":"2.0","name":"users","auth":"key","rate_limit":60,"chat_id":"room-1"}""");
        assertThat(draft.endpoint().path()).isEqualTo("users/{id}");
        assertThat(draft.endpoint().auth()).isEqualTo(Access.KEY);
        assertThat(draft.endpoint().rateLimit()).isEqualTo(60);
        assertThat(draft.name()).isEqualTo("users");
        assertThat(draft.chatId()).isEqualTo("room-1");
        assertThat(draft.definition().runtime()).isEqualTo("py:3.11");
        assertThat(draft.definition().handler()).isEqualTo("app.go");
        assertThat(draft.definition().library()).isEqualTo("requests");
        assertThat(draft.definition().env()).isEqualTo(Map.of("A", "1"));
        assertThat(draft.definition().memoryMb()).isEqualTo(256);
        assertThat(draft.definition().timeout()).isEqualTo(Duration.ofMillis(1500));
        assertThat(draft.definition().concurrency()).isEqualTo(3);
        assertThat(draft.definition().network()).isTrue();
        assertThat(draft.definition().payload()).isEqualTo(PayloadFormat.V2);
        assertThat(store.get(draft.definition().codeHash()).files()).containsOnlyKeys("app.py", "lib/b.py");
    }

    @Test
    void anArchiveIsReadFromBase64() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("main.py"));
        }
        CallbackDraft draft = create(with("\"code\":\"x = 1\"",
                "\"archive\":\"" + Base64.getEncoder().encodeToString(bytes.toByteArray()) + "\""));
        assertThat(store.get(draft.definition().codeHash()).files()).containsOnlyKeys("main.py");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"\"path\":\"hello\"|\"path\":\"a//b\"|empty segment",
            "\"path\":\"hello\"|\"path\":7|path must be a text",
            "\"path\":\"hello\"|\"a\":1|path is missing",
            "\"method\":\"get\"|\"method\":\"TRACE\"|method must be one of",
            "\"method\":\"get\"|\"a\":1|method is missing", "\"type\":\"python\"|\"type\":\"cobol\"|no runtime 'cobol'",
            "\"type\":\"python\"|\"a\":1|type is missing", "\"code\":\"x = 1\"|\"code\":\"  \"|code must be the source",
            "\"code\":\"x = 1\"|\"code\":[]|code must be the source", "\"code\":\"x = 1\"|\"a\":1|code is missing",
            "\"code\":\"x = 1\"|\"files\":{\"../a\":\"\"}|isn't relative and plain",
            "\"code\":\"x = 1\"|\"files\":{\"a\":1}|must be a text",
            "\"code\":\"x = 1\"|\"files\":{}|no file", "\"code\":\"x = 1\"|\"files\":[]|files must be an object",
            "\"code\":\"x = 1\"|\"archive\":\"?\"|archive must be a zip file in base64",
            "\"code\":\"x = 1\"|\"archive\":\"aGVsbG8=\"|isn't a zip file",
            "\"code\":\"x = 1\"|\"code\":\"x\",\"files\":{\"a\":\"\"}|give the code once"})
    void aFieldThatIsNeededAndWrongIsNamed(String good, String bad, String problem) {
        assertThatThrownBy(() -> create(with(good, bad))).isInstanceOf(InvalidDefinition.class)
                .hasMessageContaining(problem);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"memory_mb\":127", "\"memory_mb\":10241", "\"memory_mb\":128.5", "\"memory_mb\":\"128\"",
            "\"memory_mb\":99999999999999999999", "\"timeout_ms\":0", "\"timeout_ms\":3600001", "\"concurrency\":0",
            "\"concurrency\":1001", "\"network\":\"yes\"", "\"payload\":\"1.0\"", "\"payload\":2.1",
            "\"rate_limit\":0", "\"rate_limit\":1000001", "\"rate_limit\":\"60\"", "\"auth\":\"basic\"",
            "\"name\":\"a b\"",
            "\"name\":\"\"", "\"handler\":\"a b\"", "\"handler\":\"../x\"", "\"chat_id\":\"a/b\"", "\"env\":[]",
            "\"env\":{\"A\":1}",
            "\"env\":{\"1A\":\"\"}", "\"env\":{\"A=B\":\"\"}", "\"env\":{\"A\":\"\\u0000\"}", "\"library\":[]"})
    void aFieldThatMayBeLeftOutAndIsWrongIsNamed(String field) {
        String name = field.substring(1, field.indexOf('"', 1));
        assertThatThrownBy(() -> create(with("\"code\"", field + ",\"code\""))).isInstanceOf(InvalidDefinition.class)
                .hasMessageContaining(name);
    }

    @Test
    void aVersionThatTheEngineLacksIsAProblemBesideTheOthers() {
        assertThatThrownBy(() -> create("{\"type\":\"python:3.12\"}")).hasMessageContaining("path is missing")
                .hasMessageContaining("python:3.12 isn't available here: this gateway has python 3.11.7 (fake)");
    }

    @Test
    void aVersionIsTakenOnTrustWhereTheEngineCanNotTell() throws Exception {
        DefinitionReader blind = new DefinitionReader(new RuntimeTypes(TestRuntimes.all(), new NoEngine()), store);
        assertThat(blind.create(json(with("\"python\"", "\"python:2.7\""))).definition().runtime())
                .isEqualTo("python:2.7");
    }

    @Test
    void aChangeOfSomethingElseDoesNotAskForTheVersionAgain() throws Exception {
        CallbackDraft before = create(with("\"python\"", "\"python:3.11\""));
        DefinitionReader upgraded = new DefinitionReader(
                new RuntimeTypes(TestRuntimes.all(), new EngineWith("3.12.1")), store);
        assertThat(upgraded.change(json("{\"memory_mb\":256}"), before).definition().runtime())
                .isEqualTo("python:3.11");
        assertThatThrownBy(() -> upgraded.change(json("{\"type\":\"python:3.11\"}"), before))
                .isInstanceOf(InvalidDefinition.class);
    }

    @Test
    void allProblemsAreReportedAtOnce() {
        assertThatThrownBy(() -> create("{}")).hasMessageContaining("path").hasMessageContaining("method")
                .hasMessageContaining("type").hasMessageContaining("code");
    }

    @Test
    void nothingIsStoredOfADefinitionThatIsWrong() {
        assertThatThrownBy(() -> create(with("\"hello\"", "\"a b\""))).isInstanceOf(InvalidDefinition.class);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void anEnvironmentOverItsSizeIsRefused() {
        assertThatThrownBy(() -> create(with("\"code\"", "\"env\":{\"A\":\"" + "x".repeat(1 << 16) + "\"},\"code\"")))
                .hasMessageContaining("64 KiB");
    }

    @Test
    void aMessageRepeatsNoControlCharacters() {
        assertThatThrownBy(() -> create(with("\"python\"", "\"\\u001b[31m" + "x".repeat(500) + "\"")))
                .satisfies(e -> assertThat(e.getMessage()).doesNotContainPattern("\\p{Cntrl}").hasSizeLessThan(300));
    }

    @Test
    void aChangeLeavesWhatItDoesNotName() throws Exception {
        CallbackDraft before = create(
                with("\"code\"",
                        "\"memory_mb\":256,\"env\":{\"A\":\"1\"},\"concurrency\":3,\"rate_limit\":7,\"code\""));
        CallbackDraft after = reader.change(json("{\"timeout_ms\":5}"), before);
        assertThat(after.definition().timeout()).isEqualTo(Duration.ofMillis(5));
        assertThat(after.definition().memoryMb()).isEqualTo(256);
        assertThat(after.definition().env()).isEqualTo(Map.of("A", "1"));
        assertThat(after.definition().concurrency()).isEqualTo(3);
        assertThat(after.definition().codeHash()).isEqualTo(before.definition().codeHash());
        assertThat(after.endpoint()).isEqualTo(before.endpoint());
    }

    @Test
    void aFieldThatIsChangedToNullIsTakenAway() throws Exception {
        CallbackDraft before = create(with("\"code\"",
                "\"handler\":\"go\",\"library\":\"requests\",\"env\":{\"A\":\"1\"},\"concurrency\":3,\"rate_limit\":7,\"code\""));
        CallbackDraft after = reader.change(
                json("{\"handler\":null,\"library\":null,\"env\":null,\"concurrency\":null,\"rate_limit\":null}"),
                before);
        assertThat(after.definition().handler()).isNull();
        assertThat(after.definition().library()).isNull();
        assertThat(after.definition().env()).isEmpty();
        assertThat(after.definition().concurrency()).isNull();
        assertThat(after.endpoint().rateLimit()).isNull();
    }

    @Test
    void aNameThatIsTakenAwayIsMadeFromThePathAgain() throws Exception {
        CallbackDraft before = create(with("\"code\"", "\"name\":\"own\",\"code\""));
        assertThat(reader.change(json("{\"name\":null}"), before).name()).isEqualTo("hello");
    }

    private CallbackDraft create(String text) throws InvalidDefinition, IOException, InterruptedException {
        return reader.create(json(text));
    }

    private static String with(String part, String other) {
        return LEAST.replace(part, other);
    }

    private static ObjectNode json(String text) throws IOException {
        return (ObjectNode) JSON.readTree(text);
    }
}
