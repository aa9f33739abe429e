package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Calls with an `Idempotency-Key`: made once, however often they are sent.
class IdempotencyTest {

    private static final String KEY = "Idempotency-Key";
    private static final String REPLAYED = "Idempotency-Replayed";
    /// Counts its calls: all of them run in one instance.
    private static final String COUNTS = """
            calls = 0
            def handler(event, context):
                global calls
                calls += 1
                if event.get("fail"):
                    raise ValueError("failed %d times" % calls)
                return {"statusCode": 201, "headers": {"X-Calls": str(calls), "X-Two": "a"}, "multiValueHeaders": {"X-Many": ["1", "2"]},
                        "cookies": ["a=1", "b=2"], "body": "calls: %d" % calls} if event.get("response") else calls
            """;
    private static final String CALLER = "caller-one-key";
    private static final String OTHER = "caller-two-key";

    private static TestGateway gateway;
    private static String function;
    private static int keys;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start("sandbox", directory, "NANOGRID_API_KEY", CALLER + "," + OTHER,
                "RATE_LIMIT_PER_MINUTE", "0");
        gateway.authorize(CALLER);
        gateway.deploy("count", "python", COUNTS, "concurrency", 1).expect(200);
        function = gateway.function("python", COUNTS, "concurrency", 1);
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    private static String freshKey() {
        return "key-" + ++keys;
    }

    private static Answer run(String key, String input, String... headers) throws Exception {
        List<String> all = new ArrayList<>(List.of(KEY, key));
        all.addAll(List.of(headers));
        return gateway.post("/run", "{\"functionId\": \"" + function + "\", \"inputData\": " + input + "}",
                all.toArray(String[]::new));
    }

    @Test
    void aRetryUnderApiGetsTheFirstAnswerByteForByte() throws Exception {
        String key = freshKey();

        Answer first = gateway.post("/api/count", "{\"response\": true}", KEY, key).expect(201);
        Answer again = gateway.post("/api/count", "{\"response\": true}", KEY, key).expect(201);

        assertThat(again.bytes()).isEqualTo(first.bytes());
        assertThat(comparable(again)).isEqualTo(comparable(first)).containsKeys("x-calls", "x-many", "set-cookie",
                "x-cold-start", "server-timing", "x-lambda-status-code", "content-type");
        assertThat(first.header(REPLAYED)).isEmpty();
        assertThat(again.header(REPLAYED)).contains("true");
        assertThat(again.header("X-Request-Id")).isNotEqualTo(first.header("X-Request-Id"));
    }

    /// All that doesn't belong to the one request alone.
    private static Map<String, List<String>> comparable(Answer answer) {
        Map<String, List<String>> headers = new TreeMap<>(answer.headers());
        headers.keySet().removeAll(List.of("date", "x-request-id", "idempotency-replayed"));
        return headers;
    }

    @Test
    void aRetryOfARunGetsTheFirstResult() throws Exception {
        String key = freshKey();

        Answer first = run(key, "{}").expect(200);
        Answer again = run(key, "{}").expect(200);

        assertThat(again.bytes()).isEqualTo(first.bytes());
        assertThat(again.header("Content-Type")).isEqualTo(first.header("Content-Type"));
        assertThat(again.header(REPLAYED)).contains("true");
    }

    @Test
    void aRetryOfAJobGetsTheSameJob() throws Exception {
        String key = freshKey();

        Answer first = run(key, "{}", "x-async", "true").expect(202);
        Answer again = run(key, "{}", "x-async", "true").expect(202);

        assertThat(again.bytes()).isEqualTo(first.bytes());
    }

    @Test
    void whatTheFunctionThrewIsItsResultTooAndIsKept() throws Exception {
        String key = freshKey();

        Answer first = gateway.post("/api/count", "{\"fail\": true}", KEY, key).expect(500);
        Answer again = gateway.post("/api/count", "{\"fail\": true}", KEY, key).expect(500);

        assertThat(again.bytes()).isEqualTo(first.bytes());
        assertThat(again.header(REPLAYED)).contains("true");
    }

    @Test
    void anotherBodyOrQueryOrWayOfRunningUnderTheSameKeyIsRefused() throws Exception {
        String key = freshKey();
        gateway.post("/api/count?a=1", "{}", KEY, key).expect(200);
        run(key, "{}").expect(200);

        assertThat(gateway.post("/api/count?a=1", "{ }", KEY, key).expect(422).reason())
                .isEqualTo("idempotency_key_reused");
        assertThat(gateway.post("/api/count?a=2", "{}", KEY, key).expect(422).reason())
                .isEqualTo("idempotency_key_reused");
        run(key, "{}", "x-async", "true").expect(422);
    }

    @Test
    void aKeyBelongsToItsCallerMethodAndPath() throws Exception {
        String key = freshKey();
        run(key, "{}").expect(200);
        gateway.post("/api/count", "{}", KEY, key).expect(200);

        assertThat(run(key, "{}", "x-api-key", OTHER).expect(200).header(REPLAYED)).isEmpty();
        assertThat(gateway.withBody("PUT", "/api/count", "{}", KEY, key).expect(200).header(REPLAYED)).isEmpty();
        assertThat(gateway.post("/api/count", "{}", KEY, key).expect(200).header(REPLAYED)).isPresent();
    }

    @Test
    void aKeyThatGetsTheNameOfADeletedOneGetsNoneOfItsAnswers() throws Exception {
        String key = freshKey();
        for (int i = 0; i < 2; i++) {
            String secret = gateway.post("/keys", "{\"name\": \"ci\", \"scopes\": [\"invoke\"]}").expect(201).json()
                    .path("secret").asText();

            assertThat(run(key, "{}", "x-api-key", secret).expect(200).header(REPLAYED)).isEmpty();
            assertThat(run(key, "{}", "x-api-key", secret).expect(200).header(REPLAYED)).isPresent();
            gateway.delete("/keys/ci").expect(200);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/once", "/run"})
    void ofManyRetriesAtOnceOneRunsTheFunction(String path) throws Exception {
        String slow = "import time\ncalls = 0\ndef handler(e, c):\n    global calls\n    calls += 1\n    time.sleep(.5)\n    return calls";
        gateway.deploy("once", "python", slow, "concurrency", 1).expect(200);
        String id = gateway.function("python", slow, "concurrency", 1);
        String body = path.equals("/run") ? "{\"functionId\": \"" + id + "\"}" : "{}";
        String key = freshKey();

        List<Answer> answers = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Answer> call = () -> gateway.post(path, body, KEY, key);
            for (Future<Answer> answer : threads.invokeAll(IntStream.range(0, 20).mapToObj(_ -> call).toList())) {
                answers.add(answer.get());
            }
        }

        assertThat(answers).filteredOn(answer -> answer.status() == 200 && answer.header(REPLAYED).isEmpty())
                .hasSize(1);
        assertThat(answers).allSatisfy(answer -> assertThat(answer.status()).isIn(200, 409));
        assertThat(answers).filteredOn(answer -> answer.status() == 409).isNotEmpty().allSatisfy(answer -> {
            assertThat(answer.reason()).isEqualTo("idempotency_key_running");
            assertThat(answer.header("Retry-After")).contains("1");
        });
        Answer fresh = gateway.post(path, body).expect(200);
        assertThat(path.equals("/run") ? fresh.json().path("result").asInt() : fresh.json().asInt()).isEqualTo(2);
    }

    @Test
    void anAnswerTooLongToKeepIsGivenOnceAndTheCallIsNotMadeAgain() throws Exception {
        gateway.deploy("long", "python",
                "n = 0\ndef handler(e, c):\n    global n\n    n += 1\n    return 'x' * (2 << 20) if e else n",
                "concurrency", 1).expect(200);
        String key = freshKey();

        Answer first = gateway.post("/api/long", "{\"long\": 1}", KEY, key).expect(200);
        Answer again = gateway.post("/api/long", "{\"long\": 1}", KEY, key).expect(409);

        assertThat(first.bytes()).hasSize((2 << 20) + 2);
        assertThat(again.reason()).isEqualTo("idempotency_answer_not_kept");
        assertThat(again.json().path("detail").asText()).contains("status 200");
        assertThat(gateway.post("/api/long", "{}").expect(200).body()).isEqualTo("2");
    }

    @Test
    void aCallThatThePlatformTurnedDownIsMadeWhenItIsSentAgain(@TempDir Path directory) throws Exception {
        try (TestGateway small = TestGateway.start("sandbox", directory, "MAX_QUEUED_JOBS", "1", "DRAIN_SECONDS",
                "0", "RATE_LIMIT_PER_MINUTE", "0")) {
            String slow = small.function("python", "import time\ndef handler(e, c): time.sleep(e.get('s', 0))",
                    "concurrency", 1);
            String job = "{\"functionId\": \"" + slow + "\", \"inputData\": {\"s\": 1}}";
            List<Answer> answers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                answers.add(small.post("/run", job, "x-async", "true", KEY, "k" + i));
            }

            assertThat(answers.getLast().expect(429).reason()).isEqualTo("queue_full");
            assertThat(answers.getLast().header("Retry-After")).isPresent();
            Awaitility.await().atMost(Duration.ofSeconds(20))
                    .until(() -> small.post("/run", job, "x-async", "true", KEY, "k2").status() == 202);
        }
    }

    private static Connection database() throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + gateway.directory().resolve("db/nanogrid.db"));
    }

    @Test
    void aCallWhoseAnswerGaveWayToNewerOnesIsNotMadeAgain() throws Exception {
        String key = freshKey();
        run(key, "{}").expect(200);
        try (Connection database = database(); Statement statement = database.createStatement()) {
            statement.execute("UPDATE idempotency SET state = 'DROPPED', response = NULL WHERE key = '" + key + "'");
        }

        assertThat(run(key, "{}").expect(409).reason()).isEqualTo("idempotency_answer_not_kept");
    }

    @Test
    void anAnswerThatCouldNotBeStoredIsGivenAllTheSame() throws Exception {
        String key = freshKey();
        Answer first;
        try (Connection database = database(); Statement statement = database.createStatement()) {
            statement
                    .execute("CREATE TRIGGER full BEFORE UPDATE ON idempotency BEGIN SELECT RAISE(ABORT, 'full'); END");
            first = run(key, "{}").expect(200);
            assertThat(run(key, "{}").expect(200).header(REPLAYED)).contains("true");
            statement.execute("DROP TRIGGER full");
        }

        assertThat(run(key, "{}").expect(200).bytes()).isEqualTo(first.bytes());
    }

    @ParameterizedTest
    @ValueSource(strings = {"with space", "a\tb", ""})
    void aKeyThatIsNoneIsRefused(String key) throws Exception {
        HttpRequest.Builder request = gateway.request("/api/count").POST(HttpRequest.BodyPublishers.ofString("{}"))
                .setHeader(KEY, key);
        assertThat(gateway.send(request).expect(400).reason()).isEqualTo("invalid_idempotency_key");
        assertThat(run(key.isEmpty() ? "x".repeat(256) : key, "{}").expect(400).reason())
                .isEqualTo("invalid_idempotency_key");
    }

    @Test
    void aHeadIsReplayedWithoutABody() throws Exception {
        String key = freshKey();
        for (int i = 0; i < 2; i++) {
            HttpRequest.Builder request = gateway.request("/api/count?response=1").setHeader(KEY, key)
                    .method("HEAD", HttpRequest.BodyPublishers.noBody());
            Answer answer = gateway.send(request).expect(201);
            assertThat(answer.bytes()).isEmpty();
            assertThat(answer.header(REPLAYED).isPresent()).isEqualTo(i == 1);
        }
    }
}
