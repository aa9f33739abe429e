package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Functions that speak on the bootstrap's own connection, and play with its pipes: only their own calls suffer.
abstract class HostileProtocolContract extends HostileContract {

    private static final int HELLO = 1;
    private static final int INIT = 2;
    private static final int READY = 3;
    private static final int INVOKE = 5;
    private static final int RESULT = 6;
    private static final int ERROR = 7;
    private static final int FILE = 8;

    /// Sends what the event holds through each socket that it finds, and waits to be stopped. Or makes the frame one of the present call,
    /// sends it and ends.
    private static final String PYTHON = """
            def attack(event):
                data = bytearray.fromhex(event["attack"])
                if event.get("end"): data[6:10] = calls.to_bytes(4, "big")
                for fd in os.listdir("/proc/self/fd"):
                    try:
                        if os.readlink("/proc/self/fd/" + fd).startswith("socket:"): os.write(int(fd), data)
                    except OSError: pass
                if event.get("end"): os._exit(0)
                time.sleep(20)
            """;
    private static final String NODE = """
            function attack(event) {
                const data = Buffer.from(event.attack, "hex");
                if (event.end) data.writeUInt32BE(calls, 6);
                for (const fd of fs.readdirSync("/proc/self/fd")) try {
                    if (fs.readlinkSync("/proc/self/fd/" + fd).startsWith("socket:")) fs.writeSync(Number(fd), data);
                } catch {}
                if (event.end) process.kill(process.pid, "SIGKILL");
                return new Promise(done => setTimeout(done, 20000));
            }
            """;

    private static String frame(int kind, int flags, int call, String meta, String body) {
        return frame(10 + meta.length() + body.length(), kind, flags, call, meta.length(), meta + body);
    }

    private static String frame(int length, int kind, int flags, int call, int metaLength, String rest) {
        ByteBuffer bytes = ByteBuffer.allocate(14 + rest.length()).putInt(length).put((byte) kind).put((byte) flags)
                .putInt(call).putInt(metaLength).put(rest.getBytes(StandardCharsets.ISO_8859_1));
        return HexFormat.of().formatHex(bytes.array());
    }

    private String attacker(String type) throws Exception {
        return attacker(type, PYTHON, NODE, "timeout_ms", 5000);
    }

    /// The answer to a call in which the attacker sends `bytes` itself, which costs it its instance: each attack is the first call of its own.
    private Answer forged(String path, String bytes) throws Exception {
        return attack(path, "{\"attack\": \"" + bytes + "\"}");
    }

    /// The same for an answer that the gateway may take for a real one. That can cost the function's next call too: that finds the
    /// instance ended, or still busy. Calls of no other function.
    private Answer taken(String path, String bytes) throws Exception {
        Answer answer = attack(path, "{\"attack\": \"" + bytes + "\", \"end\": true}");
        Awaitility.await().until(() -> call(path).status() == 200);
        return answer;
    }

    private void assertViolations(String type, Map<String, String> frames) throws Exception {
        String path = attacker(type);
        for (var frame : frames.entrySet()) {
            Answer answer = forged(path, frame.getValue());

            assertThat(answer.status()).as(frame.getKey()).isEqualTo(502);
            assertThat(answer.reason()).as(frame.getKey()).isEqualTo("protocol_violation");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void framesThatAreNotAllowedNowAreViolations(String type) throws Exception {
        Map<String, String> frames = Map.of(
                "the answer to another call", frame(RESULT, 0, 99, "", "1"),
                "a second hello", frame(HELLO, 0, 0, "{\"protocol\":1}", ""),
                "init", frame(INIT, 0, 0, "{}", ""),
                "ready", frame(READY, 0, 0, "", ""),
                "invoke", frame(INVOKE, 0, 1, "{}", "{}"),
                "a file that nobody asked for", frame(FILE, 0, 1, "{\"path\":\"a\"}", "x"),
                "two results", frame(RESULT, 0, 1, "", "1") + frame(RESULT, 0, 2, "", "2"),
                "unknown flags", frame(RESULT, 64, 1, "", "1"));
        assertViolations(type, frames);
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void whatIsNoFrameIsAViolation(String type) throws Exception {
        Map<String, String> frames = Map.of(
                "garbage", HexFormat.of().formatHex("GARBAGE, garbage and more of it".getBytes(StandardCharsets.UTF_8)),
                "meta longer than its frame", frame(20, RESULT, 0, 1, 1000, "0123456789"),
                "huge meta", frame(-1, RESULT, 0, 1, 0x7fff_ffff, ""),
                "meta that is no object", frame(RESULT, 1, 1, "[]", ""));
        assertViolations(type, frames);
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aHugeLengthIsABadResultAndNoMemoryIsTaken(String type) throws Exception {
        Answer answer = forged(attacker(type), frame(-1, RESULT, 0, 1, 0, "")).expect(502);

        assertThat(answer.reason()).isEqualTo("bad_result");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aFrameThatNeverEndsEndsAtTheDeadline(String type) throws Exception {
        String path = attacker(type, PYTHON, NODE, "timeout_ms", 500);

        Answer answer = attack(path, "{\"attack\": \"" + frame(1000, RESULT, 0, 1, 0, "\"") + "\"}").expect(504);

        assertThat(answer.reason()).isEqualTo("timeout");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void headsOfResponsesThatMeanNothingAreBadResults(String type) throws Exception {
        String path = attacker(type);
        for (String head : List.of("{", "{}", "{\"statusCode\": \"200\"}", "{\"statusCode\": 99}",
                "{\"statusCode\": 1e9}",
                "{\"statusCode\": 200, \"headers\": {\"a b\": \"c\"}}",
                "{\"statusCode\":" + "[".repeat(5000),
                "{\"statusCode\": 200, \"isBase64Encoded\": true}")) {
            Answer answer = taken(path, frame(RESULT, 1, 1, head, "!"));

            assertThat(answer.status()).as(head).isEqualTo(502);
            assertThat(answer.reason()).as(head).isEqualTo("bad_result");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void errorsOfAnyShapeAreTheFunctionsErrors(String type) throws Exception {
        String path = attacker(type);
        for (String meta : List.of("{", "{}", "{\"errorType\": [], \"errorMessage\": {}, \"stackTrace\": 1}",
                "{\"errorMessage\": \"a\\r\\nSet-Cookie: evil=1\", \"stackTrace\": [[1], {}]}",
                "{\"stackTrace\":" + "[".repeat(5000), "{\"errorType\": \"" + "x".repeat(30_000) + "\"}")) {
            Answer answer = taken(path, frame(ERROR, 0, 1, meta, ""));

            assertThat(answer.status()).as(meta).isEqualTo(500);
            assertThat(answer.reason()).as(meta).isEqualTo("function_error");
            assertThat(answer.header("Set-Cookie")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aClosedOrFullOutputHarmsOnlyItsOwnCall(String type) throws Exception {
        String path = attacker(type, """
                import subprocess
                def attack(event):
                    trick = event["attack"]
                    if trick == "close": os.close(1); os.close(2)
                    if trick == "read": os.open("/proc/self/fd/1", os.O_RDONLY)
                    if trick == "reopen": os.close(1); os.close(2); os.open("/proc/self/fd/0", os.O_RDONLY)
                    if trick == "fill": subprocess.Popen(["sh", "-c", "yes & yes >&2"])
                    if trick == "steal": os.read(os.open("/proc/self/fd/1", os.O_RDONLY | os.O_NONBLOCK) , 1)
                    return trick
                """, """
                function attack(event) {
                    const trick = event.attack;
                    if (trick === "close") { fs.closeSync(1); fs.closeSync(2) }
                    if (trick === "read") fs.openSync("/proc/self/fd/1", "r");
                    if (trick === "reopen") { fs.closeSync(1); fs.closeSync(2); fs.openSync("/proc/self/fd/0", "r") }
                    if (trick === "fill") child_process.spawn("sh", ["-c", "yes & yes >&2"], {stdio: "inherit"});
                    if (trick === "steal") fs.readSync(fs.openSync("/proc/self/fd/1", fs.constants.O_RDONLY | fs.constants.O_NONBLOCK), Buffer.alloc(1));
                    return trick;
                }
                """, "timeout_ms", 5000);
        for (String trick : List.of("close", "read", "reopen", "fill", "steal")) {
            attack(path, "{\"attack\": \"" + trick + "\"}");

            assertThat(call(path).status()).as("the call after " + trick).isIn(200, 502);
        }
    }
}
