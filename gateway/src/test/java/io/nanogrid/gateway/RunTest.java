package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `POST /run`: what a function is given, and what its caller gets.
class RunTest extends EchoTest {

    @Test
    void theAnswerSaysWhatTheFunctionReturnedAndPrintedAndTook() throws Exception {
        String function = gateway.function("python", """
                import sys
                def handler(event, context):
                    print("out"); print("err", file=sys.stderr)
                    return {"statusCode": 201, "body": [event["n"], None, "ü"]}
                """);

        Answer answer = gateway.run(function, "{\"n\": 1.50}", "X-Request-Id", "mine").expect(200);

        JsonNode json = answer.json();
        assertThat(json.path("result").toString()).isEqualTo("{\"statusCode\":201,\"body\":[1.5,null,\"ü\"]}");
        assertThat(json.path("requestId").asText()).isEqualTo("mine");
        assertThat(json.path("functionId").asText()).isEqualTo(function);
        assertThat(json.path("version").asInt()).isEqualTo(1);
        assertThat(json.path("status").asText()).isEqualTo("SUCCESS");
        assertThat(json.path("exitCode").asInt(-1)).isZero();
        assertThat(json.path("stdout").asText()).isEqualTo("out\n");
        assertThat(json.path("stderr").asText()).isEqualTo("err\n");
        assertThat(json.path("durationMs").isNumber()).isTrue();
        assertThat(json.path("coldStart").isBoolean()).isTrue();
        assertThat(json.path("outputFiles").isArray()).isTrue();
        assertThat(json.has("optimizationTip")).isTrue();
        assertThat(gateway.execution(answer).stdout()).isEqualTo("out\n");
    }

    @Test
    void inputThatIsLeftOutIsAnEmptyObject() throws Exception {
        Answer answer = gateway.post("/run", "{\"functionId\": \"" + echo + "\"}").expect(200);

        assertThat(answer.json().path("result").toString()).isEqualTo("{}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "\"text\"", "[1, [2]]", "true", "-1.5e3", "123456789012345678901234567890",
            "\"\\u0000 ü 😀\"",
            "{\"a\": {\"a\": 1}}"})
    void anyJsonIsInput(String input) throws Exception {
        Answer answer = gateway.run(echo, input).expect(200);

        assertThat(answer.json().path("result")).isEqualTo(TestGateway.JSON.readTree(
                TestGateway.JSON.writeValueAsString(TestGateway.JSON.readTree(input))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            raise ValueError("no such thing")           | FAILED  | 1   | ValueError
            import os; os._exit(3)                      | FAILED  | 3   | InstanceExited
            return object()                             | FAILED  | 1   | TypeError
            x = bytearray(300 << 20); return len(x)     | FAILED  | 137 | OutOfMemory
            while True: pass                            | TIMEOUT | 124 | Timeout
            """)
    void aFaultOfTheFunctionIsAResult(String code, String status, int exitCode, String errorType) throws Exception {
        String function = gateway.function("python", "def handler(event, context):\n    " + code, "timeoutMs", 3000);

        JsonNode json = gateway.run(function, "{}").expect(200).json();

        assertThat(json.path("status").asText()).isEqualTo(status);
        assertThat(json.path("exitCode").asInt()).isEqualTo(exitCode);
        assertThat(json.path("errorType").asText()).isEqualTo(errorType);
        assertThat(json.path("result").isNull()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {                                          | malformed_json
            []                                         | json_object_expected
            {"functionId": 5}                          | invalid_field
            {"functionId": ""}                         | invalid_field
            {}                                         | invalid_field
            {"functionId": "x", "functionId": "y"}     | invalid_field
            {"functionId": "x", "version": 0}          | invalid_field
            {"functionId": "x", "version": 99999999999999999999} | invalid_field
            {"functionId": "x", "version": 1e2}        | invalid_field
            {"functionId": "x", "more": 1}             | unknown_field
            {"functionId": "x", "inputData": {]}       | malformed_json
            {"functionId": "x"} {}                     | malformed_json
            {"functionId": "x", "inputData": NaN}      | malformed_json
            """)
    void garbageIsRefused(String body, String reason) throws Exception {
        Answer answer = gateway.post("/run", body).expect(400);

        assertThat(answer.reason()).isEqualTo(reason);
    }

    @Test
    void allThatIsWrongWithABodyIsSaidAtOnce() throws Exception {
        Answer answer = gateway.post("/run", "{\"version\": -1, \"wat\": 1}").expect(400);

        assertThat(answer.json().path("detail").asText()).contains("version must", "functionId is missing", "wat");
    }

    @Test
    void bytesThatAreNoUtf8AreRefused() throws Exception {
        for (byte[] body : List.of(new byte[]{(byte) 0xff, (byte) 0xfe, '{', 0, '}', 0},
                "{\"functionId\": \"x\"}".getBytes(StandardCharsets.UTF_16BE),
                "{\"functionId\": \"é\"}".getBytes(StandardCharsets.ISO_8859_1))) {
            HttpRequest.Builder request = gateway.request("/run").header("content-type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body));
            assertThat(gateway.send(request).expect(400).reason()).isEqualTo("malformed_json");
        }
    }

    @Test
    void inputThatIsTooDeepIsRefusedByTheGatewayOrTheFunctionAndKillsNeither() throws Exception {
        assertThat(gateway.run(echo, "[".repeat(100_000) + "]".repeat(100_000)).expect(400).reason())
                .isEqualTo("malformed_json");
        gateway.run(echo, "[".repeat(900) + "]".repeat(900)).expect(200);
        gateway.run(echo, "1").expect(200);
    }

    @Test
    void aFunctionOrVersionThatIsNotThereIs404() throws Exception {
        gateway.run("nothing", "{}").expect(404);
        gateway.run("nothing", "{}", "x-async", "true").expect(404);
        gateway.post("/run", "{\"functionId\": \"" + echo + "\", \"version\": 7}").expect(404);
    }

    @Test
    void anAsyncHeaderThatIsNeitherTrueNorFalseIsRefused() throws Exception {
        assertThat(gateway.run(echo, "{}", "x-async", "yes").expect(400).reason()).isEqualTo("invalid_header");
        gateway.run(echo, "{}", "x-async", "False").expect(200);
        gateway.run(echo, "{}", "x-async", "TRUE").expect(202);
    }

    @Test
    void aBodyThatIsNotSaidToBeJsonIs415() throws Exception {
        assertThat(gateway.post("/run", TestGateway.runBody(echo, "{}"), "content-type", "text/plain").expect(415)
                .reason())
                .isEqualTo("json_expected");
    }

    @Test
    void theFunctionOfACallbackRunsToo() throws Exception {
        int callback = gateway.deploy("also", "python", ECHO).expect(200).json().path("callback_id").asInt();
        String function = functionOf(callback);

        assertThat(gateway.run(function, "5").expect(200).json().path("result").asInt()).isEqualTo(5);
        gateway.post("/callback/deploy", "{\"callback_id\": " + callback + ", \"status\": false}").expect(200);
        assertThat(gateway.run(function, "5").expect(404).json().path("detail").asText())
                .contains("callback " + callback);
    }

    private String functionOf(int callback) throws Exception {
        for (JsonNode function : gateway.get("/functions?limit=100").expect(200).json().path("functions")) {
            if (function.path("callbackId").asInt() == callback) {
                return function.path("functionId").asText();
            }
        }
        throw new AssertionError("callback " + callback + " has no function");
    }

    @Test
    void anOlderVersionRunsWhenItIsAskedForByNumber() throws Exception {
        String function = gateway.function("python", "def handler(e, c): return 'old'");
        gateway.withBody("PUT", "/functions/" + function, "{\"code\": \"def handler(e, c): return 'new'\"}")
                .expect(200);

        JsonNode now = gateway.run(function, "{}").expect(200).json();
        JsonNode old = gateway.post("/run", "{\"functionId\": \"" + function + "\", \"version\": 1}").expect(200)
                .json();

        assertThat(now.path("result").asText() + now.path("version")).isEqualTo("new2");
        assertThat(old.path("result").asText() + old.path("version")).isEqualTo("old1");
    }

    @Test
    void aCallThatMayTakeMoreThanAnHourIsForAJob() throws Exception {
        String function = gateway.function("python", ECHO, "timeoutMs", 7_200_000);

        assertThat(gateway.run(function, "{}").expect(400).reason()).isEqualTo("async_required");
        assertThat(gateway.result(gateway.accept(function, "{}")).path("status").asText()).isEqualTo("SUCCESS");
    }

    @Test
    void aFullFunctionTurnsACallAwayAndAJobWaitsAtNoCost() throws Exception {
        String one = gateway.function("python",
                "import time\ndef handler(e, c):\n    time.sleep(e['s'])\n    return 'done'",
                "concurrency", 1);
        String quick = TestGateway.runBody(one, "{\"s\": 0}");
        try (var first = gateway.hold(request(TestGateway.runBody(one, "{\"s\": 10}")), 1)) {
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> instances("busy") >= 1);
            try (var queued = gateway.hold(request(quick), 1024)) {
                Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> instances("waitingCalls") >= 1024);

                Answer answer = gateway.post("/run", quick).expect(429);
                String job = gateway.accept(one, "{\"s\": 0}");

                assertThat(answer.reason()).isEqualTo("function_busy");
                assertThat(answer.header("Retry-After")).isPresent();
                assertThat(gateway.result(job).path("result").asText()).isEqualTo("done");
                assertThat(gateway.get("/jobs?limit=1000").json().path("jobs")).anySatisfy(done -> {
                    assertThat(done.path("jobId").asText()).isEqualTo(job);
                    assertThat(done.path("attempts").asInt()).isEqualTo(1);
                });
            }
        }
    }

    private static String request(String body) {
        return "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length()
                + "\r\n\r\n" + body;
    }

    private int instances(String state) throws Exception {
        return gateway.get("/health").json().path("instances").path(state).asInt();
    }
}
