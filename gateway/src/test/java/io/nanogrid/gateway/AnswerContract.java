package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import java.net.http.HttpRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What becomes of a result, and of a call that ends without one: part of [InvokeContract].
interface AnswerContract {

    TestGateway gateway();

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    default void aPlainValueIsItsJson(String type) throws Exception {
        gateway().deploy("text-" + type, type,
                InvokeContract.in(type, "def handler(e, c): return 'ok'",
                        "exports.handler = () => 'ok'"))
                .expect(200);

        Answer answer = gateway().get("/api/text-" + type).expect(200);

        assertThat(answer.body()).isEqualTo("\"ok\"");
        assertThat(answer.header("Content-Type")).contains("application/json");
        assertThat(answer.header("X-Lambda-Status-Code")).contains("200");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    default void anObjectWithAStatusCodeIsAResponse(String type) throws Exception {
        gateway().deploy("response-" + type, type, InvokeContract.in(type, """
                        def handler(event, context):
                            return {"statusCode": 201, "headers": {"X-One": "1", "Content-Type": "text/csv"}, "cookies": ["a=b"],
                                    "multiValueHeaders": {"X-Two": ["2", "3"]}, "body": "a,b", "isBase64Encoded": False}
                        """,
                """
                        exports.handler = async () => ({statusCode: 201, headers: {"X-One": 1, "Content-Type": "text/csv"},
                            cookies: ["a=b"], multiValueHeaders: {"X-Two": ["2", "3"]}, body: "a,b"})
                        """)).expect(200);

        Answer answer = gateway().get("/api/response-" + type).expect(201);

        assertThat(answer.body()).isEqualTo("a,b");
        assertThat(answer.header("Content-Type")).contains("text/csv");
        assertThat(answer.header("X-One")).contains("1");
        assertThat(answer.header("Set-Cookie")).contains("a=b");
        assertThat(answer.headers().get("x-two")).containsExactly("2", "3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    default void aResponsesBodyGetsTheTypeThatItLooksLike(String type) throws Exception {
        gateway().deploy("typed-" + type, type,
                InvokeContract.in(type, "def handler(e, c): return {'statusCode': 200, 'body': e['b']}",
                        "exports.handler = e => ({statusCode: 200, body: e.b})"))
                .expect(200);

        assertThat(gateway().post("/api/typed-" + type, "{\"b\":\"{\\\"x\\\": 1}\"}").header("Content-Type"))
                .contains("application/json");
        assertThat(gateway().post("/api/typed-" + type, "{\"b\":\"hello\"}").header("Content-Type").orElse("")
                .replace(" ", ""))
                .isEqualToIgnoringCase("text/plain;charset=utf-8");
        assertThat(gateway().post("/api/typed-" + type, "{\"b\":{\"x\":1}}").expect(200).json().path("x").asInt())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    default void aBase64ResponseIsDecoded(String type) throws Exception {
        gateway().deploy("binary-" + type, type, InvokeContract.in(type,
                "def handler(e, c): return {'statusCode': 200, 'headers': {'content-type': 'image/png'}, 'body': '/wAB', 'isBase64Encoded': True}",
                "exports.handler = () => ({statusCode: 200, headers: {'content-type': 'image/png'}, body: '/wAB', isBase64Encoded: true})"))
                .expect(200);

        assertThat(gateway().get("/api/binary-" + type).expect(200).bytes()).containsExactly(0xff, 0, 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    default void whatItThrowsIsAnswered500WithItsOwnStack(String type) throws Exception {
        gateway()
                .deploy("throws-" + type, type,
                        InvokeContract.in(type, "def handler(e, c):\n    raise ValueError('no such thing')",
                                "exports.handler = async () => { throw new TypeError('no such thing') }"))
                .expect(200);

        Answer answer = gateway().get("/api/throws-" + type).expect(500);

        assertThat(answer.reason()).isEqualTo("function_error");
        assertThat(answer.json().path("component").asText()).isEqualTo("function");
        assertThat(answer.json().path("errorType").asText()).isIn("ValueError", "TypeError");
        assertThat(answer.json().path("error").asText()).contains("no such thing");
        assertThat(answer.json().path("stackTrace").toString())
                .contains(type.equals("python") ? "lambda_function.py" : "index.js")
                .doesNotContain("bootstrap");
        assertThat(answer.header("X-Lambda-Status-Code")).contains("500");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    default void aResultThatIsNoJsonIsABadResult(String type) throws Exception {
        gateway().deploy("object-" + type, type,
                InvokeContract.in(type, "def handler(e, c): return object()",
                        "exports.handler = () => 1n"))
                .expect(200);

        Answer answer = gateway().get("/api/object-" + type).expect(502);

        assertThat(answer.reason()).isEqualTo("bad_result");
        assertThat(answer.header("X-Lambda-Status-Code")).contains("400");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    default void aHeaderThatSmugglesAnotherIsRefused(String type) throws Exception {
        gateway().deploy("smuggle-" + type, type, InvokeContract.in(type,
                "def handler(e, c): return {'statusCode': 200, 'headers': {'X-A': 'b\\r\\nSet-Cookie: evil=1'}, 'body': ''}",
                "exports.handler = () => ({statusCode: 200, headers: {'X-A': 'b\\r\\nSet-Cookie: evil=1'}, body: ''})"))
                .expect(200);

        Answer answer = gateway().get("/api/smuggle-" + type).expect(502);

        assertThat(answer.header("Set-Cookie")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    default void aTimedOutCallIs504AndTheNextCallWorks(String type) throws Exception {
        gateway().deploy("loop-" + type, type,
                InvokeContract.in(type, "def handler(e, c):\n    while e.get('loop'): pass\n    return 'done'",
                        "exports.handler = e => { while (e.loop); return 'done' }"),
                "timeout_ms", 300)
                .expect(200);

        Answer answer = gateway().get("/api/loop-" + type + "?loop=1").expect(504);

        assertThat(answer.reason()).isEqualTo("timeout");
        assertThat(answer.header("X-Lambda-Status-Code")).contains("504");
        assertThat(gateway().get("/api/loop-" + type).expect(200).body()).isEqualTo("\"done\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    default void aProcessThatEndsInMidCallIs502WithItsExitCodeAndOutput(String type) throws Exception {
        gateway().deploy("exit-" + type, type, InvokeContract.in(type,
                "import os\ndef handler(e, c):\n    if e.get('die'):\n        print('last words')\n        os._exit(3)\n    return 1",
                "exports.handler = e => { if (e.die) { console.log('last words'); process.exit(3) } return 1 }"))
                .expect(200);

        Answer answer = gateway().get("/api/exit-" + type + "?die=1").expect(502);

        assertThat(answer.reason()).isEqualTo("instance_exited");
        assertThat(answer.json().path("exitCode").asInt()).isEqualTo(3);
        assertThat(answer.json().path("output").asText()).contains("last words");
        gateway().get("/api/exit-" + type).expect(200);
    }

    @Test
    default void headIsAnsweredByGetWithoutABody() throws Exception {
        Answer answer = gateway()
                .send(gateway().request("/api/event-python?x=1").method("HEAD", HttpRequest.BodyPublishers.noBody()))
                .expect(200);

        assertThat(answer.bytes()).isEmpty();
    }
}
