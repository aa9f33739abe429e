package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who may do what: keys, origins, hosts, and requests that no honest client sends.
final class GuardTest {

    private static final String DEFINITION = "{\"path\": \"open\", \"method\": \"GET\", \"type\": \"python\", \"code\": \"def handler(e, c): return 1\"}";

    /// A request byte for byte, as no HTTP client would send it.
    private static String raw(TestGateway gateway, String request) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", gateway.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
            InputStream in = socket.getInputStream();
            return new String(request.contains("Upgrade") ? in.readNBytes(12) : in.readAllBytes(),
                    StandardCharsets.UTF_8);
        }
    }

    @Test
    void withKeysManagementNeedsOneAndPublicPathsDoNot(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory, "NANOGRID_API_KEY",
                "first-key-1,second-key-2")) {
            Answer missing = gateway.get("/callbacks").expect(401);
            gateway.send(gateway.request("/callbacks").header("x-api-key", "first-key")).expect(401);
            gateway.send(gateway.request("/callbacks").header("x-api-key", "second-key-2")).expect(200);
            gateway.post("/callback/deploy", DEFINITION, "x-api-key", "first-key-1").expect(200);
            gateway.post("/callback/deploy", DEFINITION.replace("open", "closed").replace("}", ", \"auth\": \"key\"}"),
                    "x-api-key",
                    "first-key-1").expect(200);

            assertThat(missing.reason()).isEqualTo("api_key_required");
            gateway.get("/health").expect(200);
            gateway.get("/api/open").expect(200);
            gateway.get("/api/closed").expect(401);
            gateway.send(gateway.request("/api/closed").header("x-api-key", "second-key-2")).expect(200);
        }
    }

    /// Who set it up believes that it is protected.
    @Test
    void aCallbackThatAsksForAKeyAnswersNobodyWhereThereIsNone(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory)) {
            gateway.post("/callback/deploy", DEFINITION.replace("}", ", \"auth\": \"key\"}")).expect(200);

            Answer answer = gateway.send(gateway.request("/api/open").header("x-api-key", "some-key-1")).expect(401);

            assertThat(answer.reason()).isEqualTo("no_api_key_configured");
            assertThat(answer.json().path("detail").asText()).contains("NANOGRID_API_KEY");
        }
    }

    @Test
    void noForeignPageMayManageCallbacks(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory)) {
            assertThat(gateway.post("/callbacks", DEFINITION, "origin", "https://evil.example").expect(403).reason())
                    .isEqualTo("foreign_origin");
            gateway.post("/callbacks", DEFINITION, "origin", gateway.base()).expect(200);
            assertThat(raw(gateway, "GET /callbacks HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 403")
                    .contains("foreign_host");
            assertThat(raw(gateway, "GET /callbacks HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 200");
            assertThat(raw(gateway,
                    "GET /deploy/ws HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nUpgrade: websocket\r\n"
                            + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
                    .startsWith("HTTP/1.1 403");
        }
    }

    @Test
    void hostilePathsLeadNowhere(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory)) {
            gateway.deploy("files/*", "python", "def handler(e, c): return e['*']").expect(200);

            assertThat(raw(gateway, get("/api/files/a/b%20c"))).startsWith("HTTP/1.1 200").endsWith("\"a/b c\"");
            for (String path : new String[]{"/api/files/../x", "/api/files/%2e%2e/x", "/api/files/..%2fx",
                    "/api/files/a%2fb", "/api/files//x",
                    "/api/files/a%5cb", "/api/files/%00", "/api/files/%ff", "/api/files/a;b", "/api/files/%zz", "/api/",
                    "/api//", "/api/%2e"}) {
                assertThat(raw(gateway, get(path))).as(path).matches("(?s)HTTP/1.1 (400|404) .*").contains(
                        "application/problem+json",
                        "X-Request-Id");
            }
            assertThat(raw(gateway, "GET /api/files/x HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 400");
            assertThat(raw(gateway,
                    "GET /api/files/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
                            + "Connection: close\r\n\r\n0\r\n\r\n"))
                    .startsWith("HTTP/1.1 400");
        }
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    }

    @Test
    void aPageOfAFunctionIsNotOfTheGatewaysOriginWhereThereIsNoKey(@TempDir Path directory) throws Exception {
        String page = "def handler(e, c): return {'statusCode': 200, 'headers': {'content-type': e['t']}, 'body': 'x'}";
        try (TestGateway gateway = TestGateway.start("sandbox", directory)) {
            gateway.deploy("page", "python", page).expect(200);

            assertThat(gateway.get("/api/page?t=text/html").header("Content-Security-Policy").orElse(""))
                    .startsWith("sandbox")
                    .doesNotContain("allow-same-origin");
            assertThat(gateway.get("/api/page?t=image/svg%2Bxml").header("Content-Security-Policy")).isPresent();
            assertThat(gateway.get("/api/page?t=unknown/unknown").header("Content-Security-Policy")).isPresent();
            assertThat(gateway.post("/callbacks", DEFINITION, "origin", "null").expect(403).reason())
                    .isEqualTo("foreign_origin");
        }
    }

    @Test
    void corsIsForApiOnlyAndForTheConfiguredOriginsOnly(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory, "CORS_ORIGINS", "https://app.example")) {
            gateway.post("/callback/deploy", DEFINITION).expect(200);

            Answer allowed = gateway.send(gateway.request("/api/open").header("origin", "https://app.example"))
                    .expect(200);
            Answer foreign = gateway.send(gateway.request("/api/open").header("origin", "https://other.example"))
                    .expect(200);
            Answer preflight = gateway.send(gateway.request("/api/open").header("origin", "https://app.example")
                    .header("access-control-request-method", "POST")
                    .method("OPTIONS", BodyPublishers.noBody()));

            assertThat(allowed.header("Access-Control-Allow-Origin")).contains("https://app.example");
            assertThat(foreign.header("Access-Control-Allow-Origin")).isEmpty();
            assertThat(preflight.status()).isEqualTo(204);
            gateway.send(gateway.request("/callbacks").header("origin", "https://app.example")).expect(403);
        }
    }
}
