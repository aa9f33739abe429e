package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What functions write to `$OUTPUT_DIR`, and what hostile ones send in its place.
abstract class OutputFileContract extends RunContract {

    private static final int RESULT = 6;
    private static final int FILE = 8;
    private static final int MAX_FILES = 100;
    private static final int MAX_BYTES = 32 << 20;

    /// Runs its event as code.
    private static final String PYTHON = """
            import os, pathlib, time
            here = pathlib.Path(os.environ["OUTPUT_DIR"])
            def send(data):
                for fd in os.listdir("/proc/self/fd"):
                    try:
                        if os.readlink("/proc/self/fd/" + fd).startswith("socket:"): os.write(int(fd), data)
                    except OSError: pass
            def handler(event, context):
                exec(event["code"], globals())
                return str(here)
            """;
    private static final String NODE = """
            const fs = require("fs"), path = require("path"), here = process.env.OUTPUT_DIR;
            function send(data) {
                for (const fd of fs.readdirSync("/proc/self/fd")) try {
                    if (fs.readlinkSync("/proc/self/fd/" + fd).startsWith("socket:")) fs.writeSync(Number(fd), data);
                } catch {}
            }
            exports.handler = event => { eval(event.code); return event.wait ? new Promise(() => setTimeout(() => {}, 9000)) : here };
            """;

    private static String code(String code) throws Exception {
        return TestGateway.JSON.writeValueAsString(Map.of("code", code));
    }

    /// The files of a result by their paths, with their contents.
    private Map<String, String> files(JsonNode result) throws Exception {
        Map<String, String> files = new TreeMap<>();
        String prefix = "/outputs/" + result.path("requestId").asText() + "/";
        for (JsonNode url : result.path("outputFiles")) {
            assertThat(url.asText()).startsWith(prefix);
            files.put(url.asText().substring(prefix.length()), gateway().get(url.asText()).expect(200).body());
        }
        return files;
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void filesOfAnyDepthComeWithTheResult(String type) throws Exception {
        String function = function(type, PYTHON, NODE);

        JsonNode result = run(function, code(type.equals("python")
                ? "(here / 'a/b').mkdir(parents=True); (here / 'a/b/c.txt').write_text('deep'); (here / 'top.txt').write_text('top')"
                : "fs.mkdirSync(here + '/a/b', {recursive: true}); fs.writeFileSync(here + '/a/b/c.txt', 'deep'); fs.writeFileSync(here + '/top.txt', 'top')"));

        assertThat(result.path("result").asText()).isEqualTo("/tmp/output");
        assertThat(files(result)).isEqualTo(Map.of("a/b/c.txt", "deep", "top.txt", "top"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aCallGetsNoFilesOfTheCallBefore(String type) throws Exception {
        String function = function(type, PYTHON, NODE);
        run(function, code(type.equals("python")
                ? "(here / 'old').mkdir(); (here / 'old/secret').write_text('x'); (here / 'old').chmod(0o500)"
                : "fs.mkdirSync(here + '/old'); fs.writeFileSync(here + '/old/secret', 'x'); fs.chmodSync(here + '/old', 0o500)"));

        JsonNode second = run(function, code(""));

        assertThat(second.path("coldStart").asBoolean()).isFalse();
        assertThat(second.path("outputFiles")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aFunctionThatFailsLeavesItsFilesToo(String type) throws Exception {
        JsonNode result = run(function(type, PYTHON, NODE), code(type.equals("python")
                ? "(here / 'log').write_text('so far'); 1 / 0"
                : "fs.writeFileSync(here + '/log', 'so far'); null.x"));

        assertThat(result.path("status").asText()).isEqualTo("FAILED");
        assertThat(files(result)).isEqualTo(Map.of("log", "so far"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aScriptLeavesFilesToo(String type) throws Exception {
        String script = function(type, "import os\nopen(os.environ['OUTPUT_DIR'] + '/a', 'w').write('x')",
                "require('fs').writeFileSync(process.env.OUTPUT_DIR + '/a', 'x')");

        assertThat(files(run(script, "1"))).isEqualTo(Map.of("a", "x"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void whatIsBeyondTheLimitsIsLeftOutAndNamed(String type) throws Exception {
        JsonNode result = run(function(type, PYTHON, NODE), code(type.equals("python")
                ? "(here / 'link').symlink_to('/etc/passwd'); os.truncate(os.open(here / 'a', os.O_CREAT | os.O_WRONLY), %d); (here / 'b').write_text('x'); [(here / ('c%%d' %% i)).touch() for i in range(100)]"
                        .formatted(MAX_BYTES)
                : "fs.symlinkSync('/etc/passwd', here + '/link'); fs.writeFileSync(here + '/a', ''); fs.truncateSync(here + '/a', %d); fs.writeFileSync(here + '/b', 'x'); for (let i = 0; i < 100; i++) fs.writeFileSync(here + '/c' + i, '')"
                        .formatted(MAX_BYTES)));

        assertThat(result.path("status").asText()).isEqualTo("SUCCESS");
        assertThat(result.path("outputFiles")).hasSize(MAX_FILES);
        assertThat(result.path("stderr").asText().lines()).containsExactly(
                "output file b left out: all files together may have 32 MiB",
                "output file c99 left out: at most 100 files are taken",
                "output file link left out: it is a link");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void forgedFilesBeyondTheProtocolAreViolations(String type) throws Exception {
        String function = function(type, PYTHON, NODE, "timeoutMs", 5000);
        String tooMany = String.join("", IntStream.rangeClosed(0, MAX_FILES)
                .mapToObj(i -> frame(FILE, 0, 1, "{\"path\":\"" + i + "\"}", "")).toList());
        Map<String, String> frames = Map.of(
                "a path that climbs", frame(FILE, 0, 1, "{\"path\":\"../../x\"}", "x"),
                "deep meta", frame(FILE, 0, 1, "{\"path\":" + "[".repeat(2000), "x"),
                "too many", tooMany,
                "more bytes than are allowed", frame(FILE, 0, 1, "{\"path\":\"a\"}", MAX_BYTES + 1, ""),
                "a file after the answer",
                frame(RESULT, 0, 1, "", "1") + frame(FILE, 0, 1, "{\"path\":\"a\"}", "x"));
        for (var forged : frames.entrySet()) {
            JsonNode result = run(function, attack(type, forged.getValue()));

            assertThat(result.path("status").asText()).as(forged.getKey()).isEqualTo("FAILED");
            assertThat(result.path("errorType").asText()).as(forged.getKey()).isEqualTo("ProtocolViolation");
            assertThat(result.path("outputFiles")).as(forged.getKey()).isEmpty();
        }
        assertThat(run(function, code("")).path("status").asText()).isEqualTo("SUCCESS");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aForgedFileThatNeverEndsEndsAtTheDeadline(String type) throws Exception {
        String function = function(type, PYTHON, NODE, "timeoutMs", 1000);

        JsonNode result = run(function, attack(type, frame(FILE, 0, 1, "{\"path\":\"a\"}", MAX_BYTES, "x")));

        assertThat(result.path("status").asText()).isEqualTo("TIMEOUT");
        assertThat(result.path("outputFiles")).isEmpty();
    }

    /// An event that has a function send the bytes and wait.
    private static String attack(String type, String hex) throws Exception {
        return TestGateway.JSON.writeValueAsString(Map.of("wait", true, "code", type.equals("python")
                ? "send(bytes.fromhex('" + hex + "')); time.sleep(9)"
                : "send(Buffer.from('" + hex + "', 'hex'))"));
    }

    private static String frame(int kind, int flags, int call, String meta, String body) {
        return frame(kind, flags, call, meta, body.length(), body);
    }

    private static String frame(int kind, int flags, int call, String meta, int bodyLength, String body) {
        ByteBuffer bytes = ByteBuffer.allocate(14 + meta.length() + body.length())
                .putInt(10 + meta.length() + bodyLength).put((byte) kind).put((byte) flags).putInt(call)
                .putInt(meta.length()).put((meta + body).getBytes(StandardCharsets.ISO_8859_1));
        return HexFormat.of().formatHex(bytes.array());
    }
}
