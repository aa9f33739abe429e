package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a function sees of a request, and a caller of its answer: the same in every language, on every engine.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class InvokeContract implements AnswerContract {

    private static final String PYTHON_ECHO = "def handler(event, context):\n    return event\n";
    private static final String NODE_ECHO = "exports.handler = async event => event";

    private TestGateway gateway;

    abstract String engine();

    /// The source in the language of `type`.
    static String in(String type, String python, String node) {
        return type.equals("python") ? python : node;
    }

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start(engine(), directory);
        for (String type : List.of("python", "node")) {
            gateway.deploy("echo-" + type + "/{id}", type, in(type, PYTHON_ECHO, NODE_ECHO)).expect(200);
            gateway.deploy("event-" + type, type, in(type, PYTHON_ECHO, NODE_ECHO)).expect(200);
        }
    }

    @AfterAll
    void stop() {
        if (gateway != null) {
            gateway.close();
        }
    }

    @Override
    public TestGateway gateway() {
        return gateway;
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aGetsEventIsItsQuery(String type) throws Exception {
        JsonNode event = gateway.get("/api/event-" + type + "?a=1&b=x+y&b=%C3%BC&empty").expect(200).json();

        assertThat(event.toString()).isEqualTo("{\"a\":\"1\",\"b\":[\"x y\",\"ü\"],\"empty\":\"\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aPostsEventIsItsJsonBody(String type) throws Exception {
        JsonNode event = gateway.post("/api/event-" + type, "{\"deep\": {\"list\": [1, 2.5, null, true, \"ü\"]}}")
                .expect(200).json();

        assertThat(event.toString()).isEqualTo("{\"deep\":{\"list\":[1,2.5,null,true,\"ü\"]}}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aBodyThatIsNoJsonIsWrapped(String type) throws Exception {
        for (String body : List.of("hello", "{\"a\": ", "{broken}", "[1,]", "nul")) {
            JsonNode event = gateway.post("/api/event-" + type, body, "content-type", "text/plain").expect(200).json();

            assertThat(event.path("body").asText()).isEqualTo(body);
            assertThat(event.path("isBase64Encoded").asBoolean(true)).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aBinaryBodyArrivesInBase64(String type) throws Exception {
        HttpRequest.Builder request = gateway.request("/api/event-" + type)
                .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[]{(byte) 0xff, 0, 1}));

        JsonNode event = gateway.send(request).expect(200).json();

        assertThat(event.toString()).isEqualTo("{\"body\":\"/wAB\",\"isBase64Encoded\":true}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void pathParametersAreMergedInAndWin(String type) throws Exception {
        assertThat(gateway.get("/api/echo-" + type + "/7?id=8&x=1").expect(200).json().toString())
                .isEqualTo("{\"x\":\"1\",\"id\":\"7\"}");
        assertThat(gateway.post("/api/echo-" + type + "/7", "{\"id\": 8, \"x\": 1}").expect(200).json().toString())
                .isEqualTo("{\"id\":\"7\",\"x\":1}");
        assertThat(gateway.post("/api/echo-" + type + "/7", " { } ").expect(200).json().toString())
                .isEqualTo("{\"id\":\"7\"}");
        assertThat(gateway.post("/api/echo-" + type + "/7", "[1]").expect(200).json().toString()).isEqualTo("[1]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aLargeBodyComesBackWhole(String type) throws Exception {
        String body = "{\"text\":\"" + "xü".repeat(600_000) + "\"}";

        Answer answer = gateway.post("/api/event-" + type, body).expect(200);

        assertThat(answer.json().path("text").asText()).isEqualTo("xü".repeat(600_000));
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void contextTellsAboutTheCall(String type) throws Exception {
        gateway.deploy("context-" + type, type, in(type, """
                        def handler(event, context):
                            return [context.aws_request_id, context.function_name, str(context.function_version),
                                    str(context.memory_limit_in_mb), context.get_remaining_time_in_millis() > 20000,
                                    context.http.headers["x-mine"], context.http.path, context.http.method]
                        """,
                """
                        exports.handler = async (event, context) => [context.awsRequestId, context.functionName,
                            String(context.functionVersion), String(context.memoryLimitInMB),
                            context.getRemainingTimeInMillis() > 20000, context.http.headers["x-mine"], context.http.path,
                            context.http.method]
                        """), "name", "ctx").expect(200);

        Answer answer = gateway
                .send(gateway.request("/api/context-" + type).header("X-Request-Id", "my-id.1").header("X-Mine", "ü1"))
                .expect(200);

        assertThat(answer.header("X-Request-Id")).contains("my-id.1");
        assertThat(answer.json().toString()).startsWith("[\"my-id.1\",\"ctx\",\"1\",\"128\",true,")
                .endsWith("\"/api/context-" + type + "\",\"GET\"]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void payload2IsWhatApiGatewaySends(String type) throws Exception {
        gateway.deploy("v2-" + type + "/{id}", type, in(type, PYTHON_ECHO, NODE_ECHO), "payload", "2.0").expect(200);

        JsonNode event = gateway.post("/api/v2-" + type + "/7?q=1&q=2", "{\"a\":1}", "cookie", "k=v; l=w").expect(200)
                .json();

        assertThat(event.path("version").asText()).isEqualTo("2.0");
        assertThat(event.path("rawPath").asText()).isEqualTo("/api/v2-" + type + "/7");
        assertThat(event.path("rawQueryString").asText()).isEqualTo("q=1&q=2");
        assertThat(event.path("queryStringParameters").path("q").asText()).isEqualTo("1,2");
        assertThat(event.path("pathParameters").path("id").asText()).isEqualTo("7");
        assertThat(event.path("cookies").toString()).isEqualTo("[\"k=v\",\"l=w\"]");
        assertThat(event.path("headers").path("content-type").asText()).isEqualTo("application/json");
        assertThat(event.path("requestContext").path("http").path("method").asText()).isEqualTo("POST");
        assertThat(event.path("body").asText()).isEqualTo("{\"a\":1}");
        assertThat(event.path("isBase64Encoded").asBoolean(true)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void environmentVariablesReachTheFunctionAndNothingOfTheGatewaysDoes(String type) throws Exception {
        gateway.deploy("env-" + type, type, in(type, "import os\ndef handler(e, c): return dict(os.environ)",
                "exports.handler = () => process.env"), "env", Map.of("MINE", "s3cret ü"))
                .expect(200);

        JsonNode environment = gateway.get("/api/env-" + type).expect(200).json();

        assertThat(environment.path("MINE").asText()).isEqualTo("s3cret ü");
        assertThat(environment.has("NANOGRID_REQUIRE_ENGINES")).isFalse();
        assertThat(environment.properties()).hasSizeLessThan(12);
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void theCallersTraceContextAndRequestIdReachTheFunction(String type) throws Exception {
        gateway.deploy("trace-" + type, type,
                in(type, "def handler(e, c): return [c.traceparent, c.aws_request_id]",
                        "exports.handler = (e, c) => [c.traceparent, c.awsRequestId]"))
                .expect(200);
        String traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

        JsonNode seen = gateway.send(gateway.request("/api/trace-" + type).header("traceparent", traceparent)
                .header("X-Request-Id", "mine-" + type)).expect(200).json();

        assertThat(seen.toString()).isEqualTo("[\"" + traceparent + "\",\"mine-" + type + "\"]");
    }

    @Test
    void esModulesAndSeveralFilesWork() throws Exception {
        gateway.deploy("esm", "node", "", "files", Map.of(
                "index.mjs",
                "import {twice} from './lib/twice.mjs'; export const handler = async e => twice(Number(e.n))",
                "lib/twice.mjs", "export const twice = n => 2 * n"))
                .expect(200);

        assertThat(gateway.get("/api/esm?n=21").expect(200).body()).isEqualTo("42");
    }

    @Test
    void aHandlerMayBeNamedByModuleAndName() throws Exception {
        gateway.deploy("named", "python", "", "handler", "pkg/app.run", "files", Map.of(
                "pkg/__init__.py", "", "pkg/app.py", "from . import other\ndef run(e, c): return other.VALUE",
                "pkg/other.py", "VALUE = 5"))
                .expect(200);

        assertThat(gateway.get("/api/named").expect(200).body()).isEqualTo("5");
    }

    @Test
    void aColdStartIsSaidAndAWarmCallToo() throws Exception {
        Answer answer = gateway.get("/api/event-python").expect(200);

        assertThat(answer.header("X-Cold-Start")).contains("false");
        assertThat(answer.header("Server-Timing").orElse(""))
                .matches("queue;dur=[\\d.]+, init;dur=[\\d.]+, function;dur=[\\d.]+");
    }

    @Test
    void aBodyOverTheLimitIs413() throws Exception {
        byte[] body = ("\"" + "x".repeat(6 << 20) + "\"").getBytes(StandardCharsets.UTF_8);

        Answer answer = gateway
                .send(gateway.request("/api/event-python").POST(HttpRequest.BodyPublishers.ofByteArray(body)))
                .expect(413);

        assertThat(answer.reason()).isEqualTo("body_too_large");
    }

    @Test
    void aHundredFirstCallsAtOnceAreAllAnswered() throws Exception {
        gateway.deploy("burst", "python", "import time\ndef handler(e, c):\n    time.sleep(0.005)\n    return 1",
                "memory_mb", 256).expect(200);
        gateway.post("/callback/deploy", "{\"callback_id\": " + callbackId("burst") + ", \"status\": false}")
                .expect(200);
        gateway.post("/callback/deploy", "{\"callback_id\": " + callbackId("burst") + ", \"status\": true}")
                .expect(200);

        List<Integer> statuses = Parallel.run(100, _ -> gateway.get("/api/burst").status());

        assertThat(statuses).containsOnly(200);
        assertThat(gateway.get("/health").json().path("instances").path("waitingCalls").asInt()).isZero();
    }

    private long callbackId(String path) throws Exception {
        for (JsonNode callback : gateway.get("/callbacks").expect(200).json()) {
            if (callback.path("path").asText().equals(path)) {
                return callback.path("callback_id").asLong();
            }
        }
        throw new AssertionError("no callback " + path);
    }
}
