package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What clients may send to `/api/` besides ordinary requests, byte for byte.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ApiEdgeTest {

    private static final String JSON = "Host: localhost\r\nContent-Type: application/json\r\n";
    private static final String CLOSE = "Connection: close\r\n";

    private TestGateway gateway;

    @BeforeAll
    void deploy(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start("sandbox", directory, "MAX_BODY_BYTES", "100000");
        gateway.deploy("echo", "python", "def handler(event, context): return event").expect(200);
        gateway.deploy("wide", "python", """
                def handler(event, context):
                    return {'statusCode': 200, 'headers': {'X-Wide': 'w' * int(event['size'])}}
                """).expect(200);
    }

    @AfterAll
    void stop() throws Exception {
        gateway.close();
    }

    @Test
    void aRefusalBeforeTheBodyHasArrivedSaysThatTheConnectionEnds() throws Exception {
        String answer = gateway.raw("POST /api/nothing HTTP/1.1\r\n" + JSON + "Content-Length: 1000\r\n\r\n{\"half\":");
        assertThat(answer).startsWith("HTTP/1.1 404").containsIgnoringCase("\r\nConnection: close\r\n")
                .contains("\"reason\":\"not_found\"");
    }

    @Test
    void aBodyThatIsAnnouncedAsTooLongIsRefusedUnread() throws Exception {
        String answer = gateway.raw("POST /api/echo HTTP/1.1\r\n" + JSON
                + "Expect: 100-continue\r\nContent-Length: 100001\r\n\r\n");
        assertThat(answer).startsWith("HTTP/1.1 413").contains("\"reason\":\"body_too_large\"");
    }

    @Test
    void aClientThatAsksBeforeItSendsIsAnsweredThatItMay() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", gateway.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(("POST /api/echo HTTP/1.1\r\n" + JSON + CLOSE
                    + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
            InputStream in = socket.getInputStream();
            assertThat(new String(in.readNBytes(25), StandardCharsets.ISO_8859_1))
                    .isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
            socket.getOutputStream().write("[1,2]".getBytes(StandardCharsets.ISO_8859_1));
            assertThat(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1)).startsWith("HTTP/1.1 200")
                    .endsWith("[1, 2]");
        }
    }

    @Test
    void aChunkedBodyIsTakenWhole() throws Exception {
        String answer = gateway.raw("POST /api/echo HTTP/1.1\r\n" + JSON + CLOSE
                + "Transfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n3\r\n,2]\r\n0\r\n\r\n");
        assertThat(answer).startsWith("HTTP/1.1 200").endsWith("[1, 2]");
    }

    @Test
    void aChunkedBodyOverTheLimitIs413() throws Exception {
        String answer = gateway.raw("POST /api/echo HTTP/1.1\r\n" + JSON + "Transfer-Encoding: chunked\r\n\r\n"
                + ("4000\r\n" + "a".repeat(0x4000) + "\r\n").repeat(7));
        assertThat(answer).startsWith("HTTP/1.1 413").contains("\"reason\":\"body_too_large\"");
    }

    @Test
    void aChunkedBodyThatBreaksTheRulesIsTheClientsMistake() throws Exception {
        String answer = gateway.raw("POST /api/echo HTTP/1.1\r\n" + JSON + "Transfer-Encoding: chunked\r\n\r\nzz\r\n");
        assertThat(answer).startsWith("HTTP/1.1 400").contains("\"reason\":\"incomplete_body\"");
    }

    @Test
    void anErrorLeavesTheConnectionFitForTheNextRequest() throws Exception {
        String next = "POST /api/echo HTTP/1.1\r\n" + JSON + CLOSE + "Content-Length: 3\r\n\r\n[7]";
        String answers = gateway.raw("POST /api/nothing HTTP/1.1\r\n" + JSON + "Content-Length: 3\r\n\r\n[6]" + next);
        assertThat(answers).startsWith("HTTP/1.1 404").contains("HTTP/1.1 200").endsWith("[7]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api", "/api/", "//api/echo", "/%61pi/echo", "/x/../api/echo", "/API/echo"})
    void whatIsNoPathOfACallbackRunsNone(String path) throws Exception {
        assertThat(gateway.raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + "\r\n"))
                .matches("(?s)HTTP/1.1 40[04] .*").contains("application/problem+json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TRACE", "PROPFIND", "get"})
    void anUnknownMethodRunsNothing(String method) throws Exception {
        assertThat(gateway.raw(method + " /api/echo HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + "\r\n"))
                .matches("(?s)HTTP/1.1 (400|405|501) .*").contains("application/problem+json");
    }

    @Test
    void headAnswersWithTheHeadersOfGet() throws Exception {
        String answer = gateway.raw("HEAD /api/echo?a=1 HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + "\r\n");
        assertThat(answer).startsWith("HTTP/1.1 200").containsIgnoringCase("\r\nContent-Length: 10\r\n")
                .endsWith("\r\n\r\n");
    }

    @Test
    void longHeadersOfAFunctionArePassedOn() throws Exception {
        Answer answer = gateway.get("/api/wide?size=20000").expect(200);
        assertThat(answer.header("x-wide").orElseThrow()).hasSize(20_000);
    }

    @Test
    void headersThatAreTooLongAreTheFunctionsFault() throws Exception {
        assertThat(gateway.get("/api/wide?size=30000").expect(502).body()).contains("\"reason\":\"bad_result\"",
                "\"component\":\"function\"");
    }
}
