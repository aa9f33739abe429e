package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// A callback's own limit of calls a minute, as a client meets it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RateLimitTest {

    private static final String ONE = "def handler(e, c): return 1";

    private TestGateway gateway;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start("sandbox", directory, "NANOGRID_API_KEY", "first-key-1,second-key-2",
                "CORS_ORIGINS", "https://page.example");
    }

    @AfterAll
    void stop() {
        if (gateway != null) {
            gateway.close();
        }
    }

    private Answer deploy(String path, String code, String more) throws Exception {
        return gateway.post("/callback/deploy", "{\"path\": \"" + path
                + "\", \"method\": \"ANY\", \"type\": \"python\", \"code\": \"" + code + "\"" + more + "}", "x-api-key",
                "first-key-1").expect(200);
    }

    private Answer call(String path, String... headers) throws Exception {
        var request = gateway.request("/api/" + path);
        return gateway.send(headers.length == 0 ? request : request.headers(headers));
    }

    private Answer callThrough(TestGateway proxied, String forwarded) throws Exception {
        return proxied.send(proxied.request("/api/proxied").header("X-Forwarded-For", forwarded));
    }

    private static List<String> standing(Answer answer) {
        return List.of(answer.header("X-RateLimit-Limit").orElse("-"),
                answer.header("X-RateLimit-Remaining").orElse("-"));
    }

    @Test
    void everyAnswerSaysWhatIsLeftAndTheCallTooManyIs429() throws Exception {
        deploy("two", ONE, ", \"rate_limit\": 2");

        assertThat(standing(call("two").expect(200))).containsExactly("2", "1");
        assertThat(standing(call("two").expect(200))).containsExactly("2", "0");
        Answer refused = call("two").expect(429);

        assertThat(standing(refused)).containsExactly("2", "0");
        assertThat(refused.header("Retry-After").map(Integer::valueOf).orElseThrow()).isBetween(1, 60);
        assertThat(refused.header("Content-Type")).contains("application/problem+json");
        assertThat(refused.json().path("component").asText() + " " + refused.reason())
                .isEqualTo("limits rate_limited");
    }

    @Test
    void callsAtOnceAreAllowedExactlyAsOftenAsTheLimit() throws Exception {
        deploy("crowd", ONE, ", \"rate_limit\": 7");

        List<Integer> statuses = Parallel.run(40, _ -> call("crowd").status());

        assertThat(statuses).containsOnly(200, 429);
        assertThat(statuses.stream().filter(status -> status == 200)).hasSize(7);
    }

    @Test
    void aValidKeyIsAClientOfItsOwnAndAnInventedOneIsNot() throws Exception {
        deploy("keys", ONE, ", \"rate_limit\": 1");

        call("keys", "x-api-key", "first-key-1").expect(200);
        call("keys", "x-api-key", "second-key-2").expect(200);
        call("keys", "x-api-key", "first-key-1").expect(429);
        call("keys", "x-api-key", "invented-1").expect(200);
        call("keys", "x-api-key", "invented-2").expect(429);
        call("keys").expect(429);
    }

    @Test
    void whoIsRefusedForWantOfAKeyUsesUpNothing() throws Exception {
        deploy("closed", ONE, ", \"rate_limit\": 1, \"auth\": \"key\"");

        assertThat(standing(call("closed").expect(401))).containsExactly("-", "-");
        call("closed", "x-api-key", "first-key-1").expect(200);
    }

    @Test
    void anErrorOfTheFunctionCountsAndSaysWhatIsLeft() throws Exception {
        deploy("fails", "def handler(e, c): raise ValueError()", ", \"rate_limit\": 5");

        assertThat(standing(call("fails").expect(500))).containsExactly("5", "4");
    }

    @Test
    void whatTheFunctionAnswersAboutItsLimitIsReplaced() throws Exception {
        deploy("boasts", "def handler(e, c): return {'statusCode': 200, 'headers': {'x-ratelimit-limit': '999'}}",
                ", \"rate_limit\": 5");

        Answer answer = call("boasts").expect(200);

        assertThat(standing(answer)).containsExactly("5", "4");
        assertThat(answer.headers().get("x-ratelimit-limit")).hasSize(1);
    }

    @Test
    void behindATrustedProxyTheClientIsWhoeverTheProxyGotTheCallFrom(@TempDir Path directory) throws Exception {
        try (TestGateway proxied = TestGateway.start("sandbox", directory, "TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8")) {
            proxied.deploy("proxied", "python", "def handler(e, c): return c.http.client_address", "rate_limit", 1)
                    .expect(200);

            assertThat(callThrough(proxied, "203.0.113.1").expect(200).json().asText()).isEqualTo("203.0.113.1");
            callThrough(proxied, "203.0.113.2").expect(200);
            callThrough(proxied, "203.0.113.1").expect(429);
            // What the client has written itself, and a second proxy of ours.
            callThrough(proxied, "198.51.100.7, 203.0.113.1, 10.1.2.3").expect(429);
            callThrough(proxied, "nonsense, 203.0.113.1:4711").expect(429);
            assertThat(callThrough(proxied, "2001:db8::1").expect(200).json().asText())
                    .isEqualTo("2001:db8:0:0:0:0:0:1");
            callThrough(proxied, "[2001:db8::2]:443").expect(429);
            callThrough(proxied, "2001:db8:0:1::1").expect(200);
        }
    }

    @Test
    void nobodyElseIsBelievedAboutTheClientsAddress() throws Exception {
        deploy("forged", "def handler(e, c): return c.http.client_address", ", \"rate_limit\": 1");

        assertThat(call("forged", "X-Forwarded-For", "203.0.113.1").expect(200).json().asText())
                .isEqualTo("127.0.0.1");
        call("forged", "X-Forwarded-For", "203.0.113.2").expect(429);
    }

    @Test
    void withoutALimitNothingIsCountedOrSaid() throws Exception {
        Answer deployed = deploy("free", ONE, "");

        assertThat(deployed.json().path("rate_limit").isNull()).isTrue();
        assertThat(standing(call("free").expect(200))).containsExactly("-", "-");
    }

    @Test
    void aLimitIsShownChangedAndTakenAwayWithTheNextDeploy() throws Exception {
        Answer deployed = deploy("changes", ONE, ", \"rate_limit\": 1");
        String id = deployed.json().path("callback_id").asText();
        assertThat(deployed.json().path("rate_limit").asInt()).isEqualTo(1);
        call("changes").expect(200);

        Answer changed = gateway.withBody("PUT", "/callbacks/" + id, "{\"rate_limit\": null}", "x-api-key",
                "first-key-1").expect(200);

        assertThat(changed.json().path("rate_limit").isNull()).isTrue();
        call("changes").expect(429);
        gateway.post("/callback/deploy", "{\"callback_id\": " + id + "}", "x-api-key", "first-key-1").expect(200);
        assertThat(standing(call("changes").expect(200))).containsExactly("-", "-");
    }

    @Test
    void aPagesPreflightIsNotCountedAndThePageMayReadWhatIsLeft() throws Exception {
        deploy("page", ONE, ", \"rate_limit\": 1");
        for (int i = 0; i < 3; i++) {
            gateway.send(gateway.request("/api/page").method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                    .headers("Origin", "https://page.example", "Access-Control-Request-Method", "GET")).expect(204);
        }

        Answer answer = call("page", "Origin", "https://page.example").expect(200);

        assertThat(answer.header("Access-Control-Expose-Headers").orElseThrow()).contains("X-RateLimit-Remaining");
    }
}
