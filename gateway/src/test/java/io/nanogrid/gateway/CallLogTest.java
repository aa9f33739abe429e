package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The records of calls, as their owner sees them over HTTP.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class CallLogTest {

    private static final String CODE = """
            import sys, time
            def handler(event, context):
                print('out', event.get('n'))
                print('err', event.get('n'), file=sys.stderr)
                if 'fail' in event: raise ValueError('as asked')
                if 'slow' in event: time.sleep(60)
                return event.get('n')
            """;

    private TestGateway gateway;
    private long callbackId;
    private String functionId = "";

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start("sandbox", directory);
        callbackId = deploy("logged");
        functionId = logs("").path("functionId").asText();
    }

    @AfterAll
    void stop() {
        if (gateway != null) {
            gateway.close();
        }
    }

    private long deploy(String path) throws Exception {
        return gateway.deploy(path, "python", CODE, "timeout_ms", 500).expect(200).json().path("callback_id").asLong();
    }

    private Answer call(String query) throws Exception {
        return gateway.get("/api/logged?" + query);
    }

    private JsonNode logs(String query) throws Exception {
        return gateway.get("/callbacks/" + callbackId + "/logs?" + query).expect(200).json();
    }

    private static List<String> requestIds(JsonNode logs) {
        return logs.path("logs").findValuesAsText("requestId");
    }

    private static String id(Answer answer) {
        return answer.header("X-Request-Id").orElseThrow();
    }

    @Test
    void aCallIsOnRecordAsSoonAsItIsAnswered() throws Exception {
        for (int i = 0; i < 5; i++) {
            String id = id(call("n=" + i).expect(200));

            assertThat(requestIds(logs("limit=1"))).containsExactly(id);
        }
    }

    @Test
    void aRecordSaysWhatTheCallDidAndTook() throws Exception {
        String id = id(call("n=7").expect(200));

        JsonNode record = logs("limit=1").path("logs").path(0);

        assertThat(record.path("requestId").asText()).isEqualTo(id);
        assertThat(record.path("status").asText()).isEqualTo("SUCCESS");
        assertThat(record.path("outcome").asText()).isEqualTo("success");
        assertThat(record.path("version").asInt()).isEqualTo(1);
        assertThat(Instant.parse(record.path("startedAt").asText())).isBetween(Instant.now().minusSeconds(30),
                Instant.now());
        assertThat(record.path("durationMs").asDouble()).isBetween(0.001, 500.0);
        assertThat(record.path("queueMs").isNumber() && record.path("initMs").isNumber()).isTrue();
        assertThat(record.path("coldStart").isBoolean()).isTrue();
        assertThat(record.path("peakMemoryBytes").asLong()).isBetween(1L << 20, 128L << 20);
        assertThat(record.path("stdout").asText()).isEqualTo("out 7\n");
        assertThat(record.path("stderr").asText()).isEqualTo("err 7\n");
        assertThat(record.path("outputTruncated").asBoolean()).isFalse();
        assertThat(record.path("errorType").isNull() && record.path("errorMessage").isNull()).isTrue();
    }

    @Test
    void failedAndTimedOutCallsAreFoundByTheirStatus() throws Exception {
        String good = id(call("n=1").expect(200));
        String failed = id(call("fail=1").expect(500));
        String slow = id(call("slow=1").expect(504));

        assertThat(requestIds(logs("status=failed"))).contains(failed).doesNotContain(slow, good);
        assertThat(requestIds(logs("status=function_error,TIMEOUT"))).contains(failed, slow).doesNotContain(good);
        assertThat(requestIds(logs("status=SUCCESS"))).contains(good).doesNotContain(slow, failed);
        JsonNode record = logs("status=FAILED&limit=1").path("logs").path(0);
        assertThat(record.path("outcome").asText()).isEqualTo("function_error");
        assertThat(record.path("errorType").asText()).isEqualTo("ValueError");
        assertThat(record.path("errorMessage").asText()).isEqualTo("as asked");
    }

    @Test
    void callsAreFoundByTheTimeOfTheirStart() throws Exception {
        String before = id(call("n=1").expect(200));
        String start = logs("limit=1").path("logs").path(0).path("startedAt").asText();
        // To the millisecond that follows.
        long cut = Instant.parse(start).toEpochMilli() + 1;
        while (System.currentTimeMillis() <= cut) {
            Thread.onSpinWait();
        }
        String after = id(call("n=2").expect(200));

        assertThat(requestIds(logs("since=" + cut))).contains(after).doesNotContain(before);
        assertThat(requestIds(logs("until=" + Instant.ofEpochMilli(cut)))).contains(before).doesNotContain(after);
        assertThat(requestIds(logs("since=" + URLEncoder.encode("2020-01-31T12:00:00+02:00", StandardCharsets.UTF_8)
                + "&until=" + cut))).contains(before).doesNotContain(after);
    }

    @Test
    void pagesGoFromTheNewestToTheOldestWithoutGapOrRepetition() throws Exception {
        long id = deploy("paged");
        List<String> calls = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            calls.addFirst(id(gateway.get("/api/paged?n=" + i).expect(200)));
        }

        List<String> read = new ArrayList<>();
        String next = "";
        do {
            JsonNode page = gateway.get("/callbacks/" + id + "/logs?limit=3" + next).expect(200).json();
            read.addAll(requestIds(page));
            next = page.path("nextCursor").isNull() ? "" : "&cursor=" + page.path("nextCursor").asText();
        } while (!next.isEmpty());

        assertThat(read).isEqualTo(calls);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/functions/", "/api/functions/"})
    void theSameRecordsAreUnderTheFunctionsId(String prefix) throws Exception {
        call("n=1").expect(200);

        JsonNode records = gateway.get(prefix + functionId + "/logs?limit=3").expect(200).json();

        assertThat(records).isEqualTo(logs("limit=3"));
        gateway.get(prefix + functionId + "/logs/?limit=3").expect(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/functions/none/logs", "/api/functions/none/logs", "/callbacks/99/logs",
            "/callbacks/x/logs", "/functions/none/logs/stream", "/callbacks/99/logs/stream", "/functions/none/tuning",
            "/api/functions/none", "/api/functions/none/logs/stream"})
    void whatIsNotThereIs404(String path) throws Exception {
        assertThat(gateway.get(path).expect(404).json().path("requestId").asText()).isNotEmpty();
    }

    @Test
    void thePathUnderApiTakesNothingButReading() throws Exception {
        gateway.post("/api/functions/" + functionId + "/logs", "{}").expect(405);
    }

    @Test
    void allParametersThatAreWrongAreNamedAtOnce() throws Exception {
        Answer answer = gateway
                .get("/callbacks/" + callbackId + "/logs?limit=1001&status=BROKEN&since=yesterday&until=1.5")
                .expect(400);

        assertThat(answer.reason()).isEqualTo("invalid_parameter");
        assertThat(answer.json().path("detail").asText()).contains("limit", "status", "since", "until");
    }

    @ParameterizedTest
    @CsvSource({"limit=0, invalid_parameter", "limit=x, invalid_parameter", "limit=-1, invalid_parameter",
            "status=, invalid_parameter", "since=99999999999999999999, invalid_parameter",
            "until=+1000000000-01-01T00:00:00Z, invalid_parameter", "cursor=x, invalid_cursor",
            "cursor=, invalid_cursor"})
    void aParameterThatIsWrongIsRefused(String query, String reason) throws Exception {
        assertThat(gateway.get("/callbacks/" + callbackId + "/logs?" + query).expect(400).reason()).isEqualTo(reason);
    }

    @Test
    void aPageOfCallsThatPrintedMuchEndsEarlyAndSaysWhereItGoesOn() throws Exception {
        long id = gateway.deploy("loud", "python", "def handler(e, c): print('x' * 250_000)").expect(200).json()
                .path("callback_id").asLong();
        for (int i = 0; i < 60; i++) {
            gateway.get("/api/loud").expect(200);
        }

        JsonNode page = gateway.get("/callbacks/" + id + "/logs?limit=1000").expect(200).json();

        assertThat(page.path("logs")).hasSizeBetween(1, 59);
        assertThat(gateway.get("/callbacks/" + id + "/logs?limit=1000&cursor=" + page.path("nextCursor").asText())
                .expect(200).json().path("logs")).hasSize(60 - page.path("logs").size());
    }

    @Test
    void aStreamTellsOfCallsAsTheyEnd() throws Exception {
        try (Events events = new Events(gateway, "/callbacks/" + callbackId + "/logs/stream")) {
            String first = id(call("n=1").expect(200));
            String second = id(call("fail=1").expect(500));

            assertThat(events.next().path("requestId").asText()).isEqualTo(first);
            JsonNode failed = events.next();
            assertThat(failed.path("requestId").asText()).isEqualTo(second);
            assertThat(failed.path("status").asText()).isEqualTo("FAILED");
            assertThat(failed.path("stdout").asText()).isEqualTo("out None\n");
        }
    }

    @Test
    void aStreamTellsOfItsOwnFunctionOnly() throws Exception {
        deploy("other");
        try (Events events = new Events(gateway, "/functions/" + functionId + "/logs/stream")) {
            gateway.get("/api/other").expect(200);
            String own = id(call("n=1").expect(200));

            assertThat(events.next().path("requestId").asText()).isEqualTo(own);
        }
    }

    @Test
    void whoReadsAStreamTooSlowlyHoldsUpNoCallAndIsToldWhatItMissed() throws Exception {
        long id = gateway.deploy("flood", "python", "def handler(e, c): print('x' * 250_000)").expect(200).json()
                .path("callback_id").asLong();
        try (Events events = new Events(gateway, "/callbacks/" + id + "/logs/stream")) {
            for (int i = 0; i < 200; i++) {
                gateway.get("/api/flood").expect(200);
            }

            long told = 0;
            for (String line = events.reader.readLine(); !"event: missed".equals(line); line = events.reader
                    .readLine()) {
                told += "event: call".equals(line) ? 1 : 0;
            }
            JsonNode missed = TestGateway.JSON.readTree(events.reader.readLine().substring("data: ".length()));
            assertThat(told + missed.path("calls").asLong()).isEqualTo(200);
        }
    }

    @Test
    void askingForAStreamsHeadAloneEndsAtOnce() throws Exception {
        gateway.send(gateway.request("/callbacks/" + callbackId + "/logs/stream").method("HEAD",
                HttpRequest.BodyPublishers.noBody())).expect(200);
    }

    @Test
    void aStreamEndsWithItsFunction() throws Exception {
        String function = gateway.function("python", CODE);
        try (Events events = new Events(gateway, "/functions/" + function + "/logs/stream")) {
            gateway.delete("/functions/" + function).expect(200);

            assertThat(events.end()).isEqualTo("function_deleted");
        }
    }

    @Test
    void aStreamEndsWithItsCallback() throws Exception {
        long id = deploy("short-lived");
        try (Events events = new Events(gateway, "/callbacks/" + id + "/logs/stream")) {
            gateway.delete("/callbacks/" + id).expect(200);

            assertThat(events.end()).isEqualTo("function_deleted");
        }
    }

    @Test
    void aStreamEndsWithTheChatRoomOfItsCallback() throws Exception {
        gateway.post("/chatroom", "{\"chat_id\": \"room\", \"title\": \"t\"}").expect(200);
        long id = gateway.deploy("in-room", "python", CODE, "chat_id", "room").expect(200).json().path("callback_id")
                .asLong();
        try (Events events = new Events(gateway, "/callbacks/" + id + "/logs/stream")) {
            gateway.delete("/chatroom/room").expect(200);

            assertThat(events.end()).isEqualTo("function_deleted");
        }
    }

    @Test
    void aStreamEndsWithTheKeyThatItWasOpenedWith(@TempDir Path directory) throws Exception {
        try (TestGateway closed = TestGateway.start("sandbox", directory, "NANOGRID_API_KEY", "the-owners-key")) {
            closed.authorize("the-owners-key");
            String secret = closed.post("/keys", "{\"name\": \"ci\", \"scopes\": [\"read\"]}").expect(201).json()
                    .path("secret").asText();
            try (Events events = new Events(closed, "/callbacks/1001/logs/stream", "x-api-key", secret)) {
                closed.delete("/keys/ci").expect(200);

                assertThat(events.end()).isEqualTo("access_lost");
            }
        }
    }

    @Test
    void aStreamThatWasOpenedWithoutAKeyEndsWithTheFirstKey(@TempDir Path directory) throws Exception {
        try (TestGateway open = TestGateway.start("sandbox", directory);
                Events events = new Events(open, "/callbacks/1001/logs/stream")) {
            open.post("/keys", "{\"name\": \"owner\", \"scopes\": [\"admin\"]}").expect(201);

            assertThat(events.end()).isEqualTo("access_lost");
        }
    }

    @Test
    void aStreamEndsWhenTheGatewayStops(@TempDir Path directory) throws Exception {
        try (TestGateway another = TestGateway.start("sandbox", directory);
                Events events = new Events(another, "/callbacks/1001/logs/stream")) {
            another.close();

            assertThat(events.end()).isEqualTo("shutting_down");
        }
    }

    /// A stream that is being listened to: its first line has come.
    private static final class Events implements AutoCloseable {

        private final HttpClient client = HttpClient.newHttpClient();
        private final BufferedReader reader;

        Events(TestGateway gateway, String path, String... headers) throws Exception {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(gateway.base() + path));
            if (headers.length > 0) {
                request.headers(headers);
            }
            HttpResponse<InputStream> response = client.send(request.build(),
                    HttpResponse.BodyHandlers.ofInputStream());
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.headers().firstValue("Content-Type").orElse("")).startsWith("text/event-stream");
            reader = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
            assertThat(reader.readLine()).isEqualTo(": listening");
            assertThat(reader.readLine()).isEmpty();
        }

        /// Why it has ended.
        String end() throws Exception {
            assertThat(reader.readLine()).isEqualTo("event: end");
            JsonNode data = TestGateway.JSON.readTree(reader.readLine().substring("data: ".length()));
            assertThat(reader.readLine()).isEmpty();
            assertThat(reader.readLine()).isNull();
            return data.path("reason").asText();
        }

        JsonNode next() throws Exception {
            assertThat(reader.readLine()).isEqualTo("event: call");
            JsonNode data = TestGateway.JSON.readTree(reader.readLine().substring("data: ".length()));
            assertThat(reader.readLine()).isEmpty();
            return data;
        }

        @Override
        public void close() throws Exception {
            client.shutdownNow();
            reader.close();
        }
    }
}
