package io.nanogrid.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RouterRefusalsTest {

    private static ManagementServer server;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        server = new ManagementServer(directory, Map.of());
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @Test
    void anUnknownPathIsAProblem() throws Exception {
        HttpResponse<String> response = server.get("/nowhere");

        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(response.body()).contains("\"reason\":\"not_found\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json", "text/html", "*/*"})
    void aMethodThatAPathLacksIsAProblemWithTheMethodsThatItHas(String accept) throws Exception {
        HttpResponse<String> response = server.send("PUT", "/callbacks", "", "Accept", accept);

        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("Allow").orElse("").split(", "))
                .containsExactlyInAnyOrder("GET", "HEAD", "POST");
        assertThat(response.body()).contains("\"reason\":\"method_not_allowed\"");
    }

    @Test
    void anOversizedBodyIsAProblem() throws Exception {
        HttpResponse<String> response = server.send("POST", "/chatroom", " ".repeat(7 << 20));

        assertThat(response.statusCode()).isEqualTo(413);
        assertThat(response.body()).contains("\"reason\":\"body_too_large\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET /api/%ff HTTP/1.1", "GET /docs HTTP/1.1\r\nExpect: 999"})
    void whatTheServerRefusesHasTheCallersRequestId(String request) throws Exception {
        String answer = server
                .raw(request + "\r\nHost: localhost\r\nX-Request-Id: mine-1\r\nConnection: close\r\n\r\n");

        assertThat(answer).containsPattern("^HTTP/1.1 4").containsIgnoringCase("\r\nX-Request-Id: mine-1\r\n")
                .contains("\"requestId\":\"mine-1\"");
    }

    @Test
    void whatTheServerRefusesHasAnIdOfItsOwnWhereTheCallersIsNone() throws Exception {
        String answer = server.raw("GET /api/%ff HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: not mine\r\n"
                + "Connection: close\r\n\r\n");

        assertThat(answer).startsWith("HTTP/1.1 400").containsPattern("(?i)\r\nX-Request-Id: [0-9a-f-]{36}\r\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            %ff  |                              | 400 | InvalidRequestContentException
            f    | Content-Length: x            | 400 | InvalidRequestContentException
            f    | Bad Header                   | 400 | InvalidRequestContentException
            f    | Expect: 999                  | 417 | InvalidRequestContentException
            f    | X-Long: %9000d               | 431 | InvalidRequestContentException
            """)
    void whatTheServerRefusesOnLambdasPathIsSaidInAwssForm(String function, String header, int status, String type)
            throws Exception {
        String answer = server.raw("POST /2015-03-31/functions/" + function + "/invocations HTTP/1.1\r\n"
                + "Host: localhost\r\nConnection: close\r\n"
                + (header == null ? "" : header.formatted(1) + "\r\n") + "\r\n");

        assertThat(answer).startsWith("HTTP/1.1 " + status)
                .containsIgnoringCase("\r\nx-amzn-ErrorType: " + type + "\r\n")
                .containsIgnoringCase("\r\nx-amzn-RequestId: ").contains("\r\nContent-Type: application/json\r\n")
                .endsWith("{\"Type\":\"User\",\"Message\":\"the server couldn't read or serve the request\"}");
    }

    @ParameterizedTest
    @CsvSource({"{}, not_found", "{, malformed_json"})
    void anErrorOfLambdasPathIsCountedByItsReason(String payload, String reason) throws Exception {
        double before = errors(reason);

        server.send("POST", "/2015-03-31/functions/nobody/invocations", payload);

        assertThat(errors(reason)).isEqualTo(before + 1);
    }

    private static double errors(String reason) throws Exception {
        String start = "nanogrid_errors_total{component=\"gateway\",reason=\"" + reason + "\"} ";
        return server.get("/metrics").body().lines().filter(line -> line.startsWith(start))
                .mapToDouble(line -> Double.parseDouble(line.substring(start.length()))).sum();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /run        | application/json
            /callbacks  | application/json
            /functions  | application/json
            /upload     | multipart/form-data; boundary=b
            /2015-03-31/functions/f/invocations | application/json
            """)
    void aBodyThatBreaksTheRulesOrOffIsTheClientsMistake(String path, String type) throws Exception {
        String head = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type + "\r\n";

        assertThat(server.raw(head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n")).startsWith("HTTP/1.1 400");
        try (Socket socket = server.connect()) {
            socket.getOutputStream()
                    .write((head + "Content-Length: 50\r\n\r\n{").getBytes(StandardCharsets.ISO_8859_1));
            socket.shutdownOutput();
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 400");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/docs", "/docs/page.js", "/openapi.json", "/callbacks", "/chatroom", "/health",
            "/health/live", "/callbacks/999", "/nowhere"})
    void headAnswersAsGetDoes(String path) throws Exception {
        HttpResponse<String> get = server.get(path);
        HttpResponse<String> head = server.send("HEAD", path, "");

        assertThat(head.statusCode()).isEqualTo(get.statusCode());
        assertThat(head.headers().firstValue("Content-Type")).isEqualTo(get.headers().firstValue("Content-Type"));
        assertThat(head.headers().firstValue("ETag")).isEqualTo(get.headers().firstValue("ETag"));
        assertThat(head.body()).isEmpty();
    }

    @Test
    void whatIsWrongWithJsonIsSaidInNoWordsOfTheProgram() throws Exception {
        HttpResponse<String> deep = server.send("POST", "/chatroom", "[".repeat(100));

        assertThat(deep.statusCode()).isEqualTo(400);
        assertThat(deep.body()).contains("\"reason\":\"malformed_json\"", "nesting depth")
                .doesNotContain("StreamReadConstraints", "com.fasterxml", "`");
    }
}
