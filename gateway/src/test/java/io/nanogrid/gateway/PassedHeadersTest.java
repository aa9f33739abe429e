package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Which headers go through the gateway, in both directions.
final class PassedHeadersTest {

    private static final String ORIGIN = "https://app.example";
    private static final String SAYS_ITS_OWN = """
            def handler(event, context):
                return {'statusCode': 200, 'body': 'x', 'headers': {
                    'Connection': 'close, X-Hop', 'x-hop': '1', 'X-Kept': '2', 'Proxy-Authenticate': 'Basic',
                    'Proxy-Authorization': 'a', 'Proxy-Authentication-Info': 'b', 'Keep-Alive': 'timeout=1', 'TE': 'trailers',
                    'Vary': 'Accept', 'Access-Control-Allow-Origin': 'https://function.example',
                    'Access-Control-Allow-Credentials': 'true'}}
            """;
    private static final String SHOWS_HEADERS = "def handler(event, context): return sorted(context.http.headers)";

    private static List<String> all(Answer answer, String name) {
        return answer.headers().getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
    }

    @Test
    void headersThatAFunctionMeansForOneHopEndAtTheGateway(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory)) {
            gateway.deploy("own", "python", SAYS_ITS_OWN).expect(200);

            Answer answer = gateway.get("/api/own").expect(200);

            assertThat(answer.headers()).containsKey("x-kept").doesNotContainKeys("x-hop", "proxy-authenticate",
                    "proxy-authorization", "proxy-authentication-info", "keep-alive", "te");
        }
    }

    @Test
    void headersThatACallerMeansForOneHopDoNotReachTheFunction(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory)) {
            gateway.deploy("shown", "python", SHOWS_HEADERS).expect(200);

            String answer = gateway.raw("GET /api/shown HTTP/1.1\r\nHost: localhost\r\nConnection: close, x-hop\r\n"
                    + "Connection: X-Other-Hop\r\nX-Hop: 1\r\nX-Other-Hop: 2\r\nX-Kept: 3\r\nProxy-Authorization: a\r\n"
                    + "Proxy-Authentication-Info: b\r\n\r\n");

            assertThat(answer).startsWith("HTTP/1.1 200").endsWith("[\"host\", \"x-kept\"]");
        }
    }

    @Test
    void theGatewaysCorsStandsInPlaceOfTheFunctionsWhereItIsConfigured(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory, "CORS_ORIGINS", ORIGIN)) {
            gateway.deploy("own", "python", SAYS_ITS_OWN).expect(200);

            Answer allowed = gateway.send(gateway.request("/api/own").header("origin", ORIGIN)).expect(200);
            Answer foreign = gateway.send(gateway.request("/api/own").header("origin", "https://function.example"))
                    .expect(200);

            assertThat(all(allowed, "Access-Control-Allow-Origin")).containsExactly(ORIGIN);
            assertThat(all(allowed, "Access-Control-Allow-Credentials")).isEmpty();
            assertThat(all(foreign, "Access-Control-Allow-Origin")).isEmpty();
        }
    }

    @Test
    void theFunctionsCorsPassesWhereNoneIsConfigured(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory)) {
            gateway.deploy("own", "python", SAYS_ITS_OWN).expect(200);

            Answer answer = gateway.send(gateway.request("/api/own").header("origin", ORIGIN)).expect(200);

            assertThat(all(answer, "Access-Control-Allow-Origin")).containsExactly("https://function.example");
            assertThat(all(answer, "Vary")).containsExactly("Accept");
        }
    }

    /// A cache in between must not give one origin's answer to another.
    @ParameterizedTest
    @ValueSource(strings = {ORIGIN, "https://other.example", ""})
    void answersVaryByOriginForEveryOriginWhereCorsIsConfigured(String origin, @TempDir Path directory)
            throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory, "CORS_ORIGINS", ORIGIN)) {
            gateway.deploy("own", "python", SAYS_ITS_OWN).expect(200);
            var request = gateway.request("/api/own");

            Answer answer = gateway.send(origin.isEmpty() ? request : request.header("origin", origin)).expect(200);

            assertThat(all(answer, "Vary")).contains("Origin", "Accept");
        }
    }
}
