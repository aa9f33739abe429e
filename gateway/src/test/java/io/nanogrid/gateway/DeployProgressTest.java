package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// How whoever deploys follows what becomes of it: streams, the WebSocket, and the forms that answer at once.
final class DeployProgressTest extends CallbacksTest {

    @Test
    void aStreamTellsTheSameErrorsAsTheOrdinaryForm() throws Exception {
        long id = deployed("sse-full", returning("one"));
        String up = "{\"callback_id\": " + id + "}";

        database.refusing("INSERT ON version", () -> {
            Answer ordinary = gateway.post("/callback/deploy", up).expect(503);
            Answer stream = gateway.post("/callback/deploy", up, "accept", "text/event-stream").expect(200);
            JsonNode error = TestGateway.JSON.readTree(stream.body().lines().filter(line -> line.startsWith("data: "))
                    .reduce((_, last) -> last).orElseThrow().substring(6));

            assertThat(stream.body()).contains("event: error");
            assertThat(error.path("reason").asText()).isEqualTo(ordinary.reason()).isEqualTo("storage_failed");
            assertThat(error.path("requestId").asText()).isEqualTo(stream.header("X-Request-Id").orElseThrow());
        });
    }

    @Test
    void aStreamForACallbackThatIsNotThereIs404() throws Exception {
        assertThat(gateway.post("/callback/deploy", "{\"callback_id\": 7}", "accept", "text/event-stream").expect(404)
                .reason()).isEqualTo("not_found");
    }

    @Test
    void nobodyIsAnsweredThatItBuildsBeforeTheRecordSaysSo() throws Exception {
        long id = gateway.post("/callbacks",
                "{\"path\": \"at-once\", \"method\": \"GET\", \"type\": \"python\", \"code\": \"" + returning("x")
                        + "\"}")
                .expect(200).json().path("callback_id").asLong();
        Thread caller;
        BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
        try (var connection = database.open(); var sql = connection.createStatement()) {
            // Nothing can be written until this is rolled back.
            sql.execute("BEGIN IMMEDIATE");
            caller = Thread.ofVirtual().start(() -> {
                try {
                    answers.add(gateway.post("/deploy", "{\"callback_id\": " + id + ", \"status\": true}"));
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(caller.join(Duration.ofMillis(500))).isFalse();
            sql.execute("ROLLBACK");
        }
        caller.join();

        assertThat(answers.take().expect(200).json().path("status").asText()).isEqualTo("build");
        assertThat(gateway.get("/callbacks/" + id).json().path("status").asText()).isIn("build", "deployed");
    }

    @Test
    void serverSentEventsTellTheProgressAndEndWithTheResult() throws Exception {
        HttpRequest request = gateway.request("/callback/deploy").header("content-type", "application/json")
                .header("accept", "text/event-stream")
                .POST(HttpRequest.BodyPublishers
                        .ofString("{\"path\": \"sse\", \"method\": \"GET\", \"type\": \"python\", \"code\": \""
                                + returning("x") + "\"}"))
                .build();

        HttpResponse<String> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());

        assertThat(response.headers().firstValue("content-type").orElse("")).startsWith("text/event-stream");
        List<String> events = response.body().lines().filter(line -> line.startsWith("event: ")).toList();
        assertThat(events).first().isEqualTo("event: status");
        assertThat(events).last().isEqualTo("event: result");
        assertThat(response.body()).contains("\"message\":\"Callback deployed\"");
    }

    @Test
    void aFailedBuildsStreamEndsWithAnError() throws Exception {
        Answer answer = gateway.post("/callback/deploy",
                "{\"path\": \"sse-bad\", \"method\": \"GET\", \"type\": \"python\", \"code\": \"raise ValueError('bad')\"}",
                "accept",
                "text/event-stream").expect(200);

        assertThat(answer.body()).contains("event: error").contains("init_failed").doesNotContain("event: result");
    }

    @Test
    void theWebSocketTellsEveryDeploysProgress() throws Exception {
        BlockingQueue<String> messages = new LinkedBlockingQueue<>();
        AtomicInteger closed = new AtomicInteger();
        WebSocket socket = HttpClient.newHttpClient().newWebSocketBuilder()
                .buildAsync(URI.create(gateway.base().replace("http", "ws") + "/deploy/ws"), new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
                        messages.add(data.toString());
                        webSocket.request(1);
                        return CompletableFuture.completedStage(null);
                    }

                    @Override
                    public CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
                        closed.set(code);
                        return CompletableFuture.completedStage(null);
                    }
                }).join();

        // The listener is there a moment after the handshake, so deploys go on until one is heard of.
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
            deployed("socket", returning("x"));
            return messages.stream().anyMatch(message -> message.contains("\"status\":\"deployed\""));
        });
        socket.abort();

        JsonNode first = TestGateway.JSON.readTree(messages.peek());
        assertThat(first.path("type").asText()).isIn("status", "log");
        assertThat(first.has("callback_id") && first.has("status") && first.has("message")).isTrue();
        assertThat(closed.get()).isZero();
    }

    @Test
    void theLaterFormAnswersAtOnceAndGoesOn() throws Exception {
        long id = gateway.post("/callbacks",
                "{\"path\": \"async\", \"method\": \"GET\", \"type\": \"python\", \"code\": \"" + returning("x")
                        + "\"}")
                .expect(200).json().path("callback_id").asLong();

        Answer answer = gateway
                .post("/deploy", "{\"callback_id\": " + id + ", \"status\": true, \"c_type\": \"docker\"}").expect(200);

        assertThat(answer.json().path("status").asText()).isEqualTo("build");
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> gateway.get("/api/async").status() == 200);
        assertThat(gateway.get("/callbacks/" + id).json().path("status").asText()).isEqualTo("deployed");
    }

    @Test
    void respondAsyncIsAnswered202() throws Exception {
        gateway.post("/callback/deploy",
                "{\"path\": \"prefer\", \"method\": \"GET\", \"type\": \"python\", \"code\": \"" + returning("x")
                        + "\"}",
                "prefer", "respond-async").expect(202);

        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> gateway.get("/api/prefer").status() == 200);
    }
}
