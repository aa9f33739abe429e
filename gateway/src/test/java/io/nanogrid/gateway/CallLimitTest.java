package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `RATE_LIMIT_PER_MINUTE`, as clients meet it.
final class CallLimitTest {

    private static final String INVOKE = "/2015-03-31/functions/nobody/invocations";
    private static final String RUN = "{\"functionId\": \"nobody\"}";
    private static final Predicate<Answer> REFUSED = answer -> answer.status() == 429;

    private static List<String> standing(Answer answer) {
        return List.of(answer.header("X-RateLimit-Limit").orElse("-"),
                answer.header("X-RateLimit-Remaining").orElse("-"));
    }

    /// What is asked for isn't there: a call counts all the same.
    @Test
    void allLimitedRoutesAreCountedTogether(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory, "RATE_LIMIT_PER_MINUTE", "6")) {
            assertThat(standing(gateway.post("/run", RUN).expect(404))).containsExactly("6", "5");
            assertThat(standing(gateway.post(INVOKE, "{}").expect(404))).containsExactly("6", "4");
            assertThat(standing(gateway.post("/functions", "{}").expect(400))).containsExactly("6", "3");
            assertThat(standing(gateway.post("/upload", "{}").expect(400))).containsExactly("6", "2");
            assertThat(standing(gateway.withBody("PUT", "/functions/nobody", "{}").expect(404))).containsExactly("6",
                    "1");
            assertThat(standing(gateway.delete("/functions/nobody").expect(404))).containsExactly("6", "0");

            Answer refused = gateway.post("/run", RUN).expect(429);

            assertThat(refused.reason()).isEqualTo("rate_limited");
            assertThat(standing(refused)).containsExactly("6", "0");
            assertThat(refused.header("Retry-After").map(Integer::valueOf).orElseThrow()).isBetween(1, 60);
            assertThat(gateway.post(INVOKE, "{}").expect(429).header("x-amzn-ErrorType"))
                    .contains("TooManyRequestsException");
            assertThat(standing(gateway.get("/functions").expect(200))).containsExactly("-", "-");
        }
    }

    @Test
    void ofAThousandCallsAtOnceExactlyTheLimitIsAllowed(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory)) {
            List<Answer> answers = Parallel.run(1_000,
                    index -> index % 2 == 0 ? gateway.post("/run", RUN) : gateway.post(INVOKE, "{}"));

            assertThat(answers).extracting(Answer::status).containsOnly(404, 429);
            assertThat(answers).filteredOn(REFUSED.negate()).hasSize(100)
                    .extracting(answer -> standing(answer).getLast()).doesNotHaveDuplicates();
        }
    }

    @Test
    void eachKeyIsAClientOfItsOwnHoweverItIsPresented(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory, "RATE_LIMIT_PER_MINUTE", "1",
                "NANOGRID_API_KEY", "first-key-1,second-key-2")) {
            gateway.post("/run", RUN, "x-api-key", "first-key-1").expect(404);
            gateway.post("/run", RUN, "x-api-key", "first-key-1").expect(429);
            gateway.post("/run", RUN, "x-api-key", "second-key-2").expect(404);
        }
    }

    @Test
    void whoIsRefusedForWantOfAKeyUsesUpNothing(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory, "RATE_LIMIT_PER_MINUTE", "1",
                "NANOGRID_API_KEY", "first-key-1")) {
            assertThat(standing(gateway.post("/run", RUN).expect(401))).containsExactly("-", "-");
            assertThat(standing(gateway.post(INVOKE, "{}").expect(403))).containsExactly("-", "-");
            gateway.post("/run", RUN, "x-api-key", "first-key-1").expect(404);
        }
    }

    @Test
    void behindATrustedProxyEachAddressIsAClient(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory, "RATE_LIMIT_PER_MINUTE", "1",
                "TRUSTED_PROXIES", "127.0.0.1")) {
            gateway.post("/run", RUN, "X-Forwarded-For", "203.0.113.1").expect(404);
            gateway.post("/run", RUN, "X-Forwarded-For", "203.0.113.2").expect(404);
            gateway.post("/run", RUN, "X-Forwarded-For", "198.51.100.1, 203.0.113.1").expect(429);
        }
    }

    @Test
    void zeroIsNoLimit(@TempDir Path directory) throws Exception {
        try (TestGateway gateway = TestGateway.start("sandbox", directory, "RATE_LIMIT_PER_MINUTE", "0")) {
            assertThat(standing(gateway.post("/run", RUN).expect(404))).containsExactly("-", "-");
        }
    }
}
