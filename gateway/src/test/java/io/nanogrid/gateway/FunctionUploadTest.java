package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Functions that are sent as forms and archives, and files that are refused.
final class FunctionUploadTest extends FunctionsTest {

    private static byte[] zip(String... namesAndTexts) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (int i = 0; i < namesAndTexts.length; i += 2) {
                zip.putNextEntry(new ZipEntry(namesAndTexts[i]));
                zip.write(namesAndTexts[i + 1].getBytes(StandardCharsets.UTF_8));
            }
        }
        return bytes.toByteArray();
    }

    @Test
    void aFormMakesTheSameFunctionAsJson() throws Exception {
        JsonNode json = new Form().file("greet.py", ONE).with("memoryMb", "256").with("timeoutMs", "86400000")
                .with("env", "{\"A\": \"b\"}").with("network", "false").with("concurrency", "2")
                .with("description", "Says hello").with("handler", "").post(gateway).expect(201).json();

        assertThat(json.path("name").asText()).isEqualTo("greet");
        assertThat(json.path("runtime").asText()).isEqualTo("python");
        assertThat(json.path("memoryMb").asInt()).isEqualTo(256);
        assertThat(json.path("timeoutMs").asInt()).isEqualTo(86_400_000);
        assertThat(json.path("concurrency").asInt()).isEqualTo(2);
        assertThat(json.path("description").asText()).isEqualTo("Says hello");
        assertThat(texts(json.path("env"))).containsExactly("A");
        assertThat(texts(json.path("files"))).containsExactly("greet.py");
    }

    @Test
    void uploadIsTheSameCall() throws Exception {
        JsonNode json = new Form().file("up.js", "exports.handler = () => 1").send(gateway, "POST", "/upload")
                .expect(201).json();

        assertThat(json.path("runtime").asText()).isEqualTo("node");
        assertThat(gateway.get("/functions/" + json.path("functionId").asText()).status()).isEqualTo(200);
    }

    @Test
    void anArchiveMayBeUploadedOrSentAsBase64() throws Exception {
        byte[] zip = zip("main.py", ONE, "lib/a.py", "A = 1");

        JsonNode uploaded = new Form().file("two.zip", zip).post(gateway).expect(201).json();
        JsonNode sent = gateway.post("/functions", "{\"name\": \"two\", \"archive\": \""
                + Base64.getEncoder().encodeToString(zip) + "\"}").expect(201).json();

        assertThat(uploaded.path("runtime").asText()).isEqualTo("python");
        assertThat(texts(uploaded.path("files"))).containsExactly("lib/a.py", "main.py");
        assertThat(sent.path("codeSha256")).isEqualTo(uploaded.path("codeSha256"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"def handler(e, c): return 1 | handler", "print('hi') | script",
            "def lambda_handler(e, c): return 1 | handler", "# my_handler\\nhandlers = 1 | script"})
    void whatMentionsNoHandlerIsAScript(String code, String kind) throws Exception {
        String source = code.replace("\\n", "\n");
        JsonNode json = new Form().file("kind.py", source).post(gateway).expect(201).json();

        assertThat(json.path("kind").asText()).isEqualTo(kind);
    }

    @Test
    void codeMayBeChangedByAForm() throws Exception {
        String id = new Form().file("form.py", ONE).post(gateway).expect(201).json().path("functionId").asText();

        JsonNode changed = new Form().file("other.py", "def handler(e, c): return 2")
                .send(gateway, "PUT", "/functions/" + id).expect(200).json();

        assertThat(changed.path("name").asText()).isEqualTo("form");
        assertThat(texts(changed.path("files"))).containsExactly("other.py");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "x.py | \\u007fELF\\u0002\\u0001 | ELF", "x.py | a\\u0000b | NUL",
            "x.js | PK\\u0003\\u0004rest | zip archive",
            "x.zip | def handler(): pass | isn't a zip", "x.zip | PK\\u0003\\u0004rest | zip", "x.txt | hello | .py",
            "x | hello | .zip", ".py | hello | .zip", "../x.py | hello | relative", "a/x.py | hello | plain name",
            "x.py | \\u00ff\\u00fe | UTF-8", "x.py | '' | empty", "x.PY | hello | .py"})
    void aFileThatIsNotWhatItsNameSaysIsRefused(String name, String content, String said) throws Exception {
        byte[] bytes = unescaped(content).getBytes(StandardCharsets.ISO_8859_1);

        Answer answer = new Form().file(name, bytes).with("name", "refused").post(gateway).expect(400);

        assertThat(answer.json().path("detail").asText()).contains(said);
    }

    private static String unescaped(String text) throws IOException {
        return TestGateway.JSON.readValue("\"" + text + "\"", String.class);
    }

    @Test
    void aSourceFileOfAnotherRuntimeIsRefused() throws Exception {
        Answer answer = new Form().file("x.js", "exports.handler = 1").with("runtime", "python").post(gateway)
                .expect(400);

        assertThat(answer.json().path("detail").asText()).contains("x.js");
    }

    @Test
    void anArchiveWhoseMainFileIsAProgramIsRefused() throws Exception {
        byte[] zip = zip("main.py", "\u007fELF\u0001");

        Answer answer = new Form().file("x.zip", zip).post(gateway).expect(400);

        assertThat(answer.json().path("detail").asText()).contains("main.py", "ELF");
    }

    @Test
    void anArchiveThatLeavesItsDirectoryIsRefused() throws Exception {
        Answer answer = new Form().file("x.zip", zip("../main.py", ONE)).post(gateway).expect(400);

        assertThat(answer.json().path("detail").asText()).contains("..");
    }

    @Test
    void anArchiveForTwoRuntimesNeedsToSayWhich() throws Exception {
        byte[] zip = zip("main.py", ONE, "index.js", "exports.handler = () => 1");

        assertThat(new Form().file("x.zip", zip).post(gateway).expect(400).json().path("detail").asText())
                .contains("runtime is missing");
        assertThat(new Form().file("x.zip", zip).with("runtime", "node").post(gateway).expect(201).json()
                .path("runtime").asText()).isEqualTo("node");
    }

    @ParameterizedTest
    @ValueSource(strings = {"name=\"unknown\"", "name=\"file\"", "name=\"file\"; filename=\"\"", "name=\"\"", ""})
    void aPartThatIsNotInTheContractIs400(String disposition) throws Exception {
        new Form().part(disposition, new byte[]{'x'}).post(gateway).expect(400);
    }

    @Test
    void aFieldThatIsNoUtf8Is400() throws Exception {
        Answer answer = new Form().file("a.py", ONE).part("name=\"name\"", new byte[]{(byte) 0xff, (byte) 0xfe})
                .post(gateway).expect(400);

        assertThat(answer.reason()).isEqualTo("malformed_form");
    }

    @Test
    void aPartThatIsThereTwiceIs400() throws Exception {
        Answer answer = new Form().file("a.py", ONE).file("b.py", ONE).with("name", "a").with("name", "b")
                .post(gateway).expect(400);

        assertThat(answer.json().path("detail").asText()).contains("file", "name");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"multipart/form-data | malformed_form",
            "multipart/form-data; boundary=x | malformed_form", "multipart/form-data; boundary= | malformed_form",
            "MULTIPART/form-data; boundary=\"x\" | malformed_form",
            "multipart/form-data; charset=bogus; boundary=x | malformed_form"})
    void aFormThatIsNoneIs400(String type, String reason) throws Exception {
        Answer answer = gateway.withBody("POST", "/functions", "no form", "content-type", type).expect(400);

        assertThat(answer.reason()).isEqualTo(reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/plain", "application/x-www-form-urlencoded", "multipart/mixed; boundary=x"})
    void aBodyThatIsNeitherJsonNorAFormIs415(String type) throws Exception {
        assertThat(gateway.withBody("POST", "/upload", "{}", "content-type", type).expect(415).reason())
                .isEqualTo("json_or_form_expected");
    }

    @Test
    void aFileThatIsLargerThanAllowedIs413() throws Exception {
        Answer answer = new Form().file("big.py", new byte[7 << 20]).post(gateway).expect(413);

        assertThat(answer.reason()).isEqualTo("body_too_large");
    }

    /// What follows never comes: the answer does.
    @Test
    void anUploadThatSaysItIsHugeIsRefusedBeforeItIsSent() throws Exception {
        String answer = gateway.raw("""
                POST /upload HTTP/1.1\r
                Host: localhost\r
                Content-Type: multipart/form-data; boundary=x\r
                Content-Length: 99999999999\r
                \r
                """);

        assertThat(answer).startsWith("HTTP/1.1 413 ").contains("body_too_large");
    }

    @Test
    void anUploadWithoutALengthIsCutOffAtTheLimit() throws Exception {
        String chunk = "100000\r\n" + "x".repeat(0x100000) + "\r\n";
        String head = """
                --x\r
                Content-Disposition: form-data; name="file"; filename="a.py"\r
                \r
                """;
        String answer = gateway.raw("""
                POST /upload HTTP/1.1\r
                Host: localhost\r
                Content-Type: multipart/form-data; boundary=x\r
                Transfer-Encoding: chunked\r
                \r
                """ + Integer.toHexString(head.length()) + "\r\n" + head + "\r\n" + chunk.repeat(6) + "1\r\nx\r\n");

        assertThat(answer).startsWith("HTTP/1.1 413 ").contains("body_too_large");
    }

    @Test
    void anUploadThatEndsTooEarlyIs400() throws Exception {
        String start = """
                --x\r
                Content-Disposition: form-data; name="file"; filename="a.py"\r
                \r
                print""";
        String answer = gateway.raw("""
                POST /upload HTTP/1.1\r
                Host: localhost\r
                Connection: close\r
                Content-Type: multipart/form-data; boundary=x\r
                Content-Length: %d\r
                \r
                %s""".formatted(start.length(), start));

        assertThat(answer).startsWith("HTTP/1.1 400 ").contains("malformed_form");
    }

    @Test
    void anUploadThatCannotBeStoredIsTheGatewaysFault() throws Exception {
        Path uploads = gateway.directory().resolve("uploads");
        Files.delete(uploads);
        try {
            Answer answer = new Form().file("a.py", ONE).post(gateway).expect(503);

            assertThat(answer.reason()).isEqualTo("storage_failed");
            assertThat(answer.body()).doesNotContain(gateway.directory().toString());
        } finally {
            Files.createDirectory(uploads);
        }
    }
}
