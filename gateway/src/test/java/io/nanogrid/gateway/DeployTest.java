package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Making callbacks live, all the ways there are, and what is served meanwhile and afterwards.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class DeployTest {

    private TestGateway gateway;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start("sandbox", directory);
    }

    @AfterAll
    void stop() {
        if (gateway != null) {
            gateway.close();
        }
    }

    private long deployed(String path, String code) throws Exception {
        return gateway.deploy(path, "python", code).expect(200).json().path("callback_id").asLong();
    }

    private static String returning(String value) {
        return "def handler(e, c): return '" + value + "'";
    }

    @Test
    void theExamplesAnswerOnceTheyAreDeployed() throws Exception {
        Answer first = gateway.post("/callback/deploy", "{\"callback_id\": 1001, \"status\": true}").expect(200);
        gateway.post("/callback/deploy", "{\"callback_id\": 1002, \"status\": true, \"c_type\": \"docker\"}")
                .expect(200);

        assertThat(first.json().path("message").asText()).isEqualTo("Callback deployed");
        assertThat(first.json().path("status").asText()).isEqualTo("deployed");
        assertThat(first.json().path("url").asText()).isEqualTo("/api/hello");
        assertThat(gateway.get("/api/hello?message=hi").expect(200).body()).isEqualTo("{\"reply\": \"hi\"}");
        assertThat(gateway.get("/api/hello").expect(200).json().path("reply").asText()).isEqualTo("Hello from lambda");
        assertThat(gateway.get("/api/world?x=1").expect(200).body())
                .isEqualTo("{\"msg\":\"Hello Node\",\"event\":{\"x\":\"1\"}}");
    }

    @Test
    void deployingTheSamePathAgainIsANewVersionOfTheSameCallback() throws Exception {
        Answer first = gateway.deploy("again", "python", returning("one")).expect(200);
        Answer second = gateway.deploy("again", "node", "exports.handler = () => 'two'").expect(200);

        assertThat(second.json().path("callback_id").asLong()).isEqualTo(first.json().path("callback_id").asLong());
        assertThat(second.json().path("version").asInt()).isEqualTo(2);
        assertThat(gateway.get("/api/again").body()).isEqualTo("\"two\"");
    }

    @Test
    void aChangeIsServedOnlyAfterTheNextDeploy() throws Exception {
        long id = deployed("later", returning("one"));

        gateway.withBody("PUT", "/callbacks/" + id,
                "{\"code\": \"" + returning("two") + "\", \"path\": \"later-moved\"}").expect(200);
        assertThat(gateway.get("/api/later").expect(200).body()).isEqualTo("\"one\"");
        gateway.post("/callback/deploy", "{\"callback_id\": " + id + "}").expect(200);

        assertThat(gateway.get("/api/later-moved").expect(200).body()).isEqualTo("\"two\"");
        gateway.get("/api/later").expect(404);
    }

    @Test
    void rollbackServesTheVersionBefore() throws Exception {
        long id = deployed("back", returning("one"));
        deployed("back", returning("two"));

        Answer answer = gateway.post("/callbacks/" + id + "/rollback", "{}").expect(200);

        assertThat(answer.json().path("version").asInt()).isEqualTo(1);
        assertThat(gateway.get("/api/back").expect(200).body()).isEqualTo("\"one\"");
        assertThat(gateway.post("/callbacks/" + id + "/rollback", "{}").expect(409).reason())
                .isEqualTo("nothing_to_roll_back_to");
    }

    @Test
    void eachFurtherRollbackGoesBackOneMore() throws Exception {
        long id = deployed("walk", returning("one"));
        deployed("walk", returning("two"));
        deployed("walk", returning("three"));

        gateway.post("/callbacks/" + id + "/rollback", "{}").expect(200);
        assertThat(gateway.get("/api/walk").expect(200).body()).isEqualTo("\"two\"");
        gateway.post("/callbacks/" + id + "/rollback", "{}").expect(200);
        assertThat(gateway.get("/api/walk").expect(200).body()).isEqualTo("\"one\"");
    }

    @Test
    void aRollbackToAVersionThatCannotBeLoadedIs422AndThePresentOneServesOn() throws Exception {
        long id = deployed("no-way-back", returning("one"));
        deployed("no-way-back", returning("two"));
        sql("UPDATE definition SET handler = 'gone' WHERE id = (SELECT v.definition_id FROM version v "
                + "JOIN callback c ON c.function_id = v.function_id WHERE c.id = " + id + " AND v.number = 1)");

        Answer answer = gateway.post("/callbacks/" + id + "/rollback", "{}").expect(422);

        assertThat(answer.reason()).isEqualTo("init_failed");
        assertThat(answer.json().path("log").toString()).contains("gone");
        assertThat(gateway.get("/callbacks/" + id).json().path("version").asInt()).isEqualTo(2);
        assertThat(gateway.get("/api/no-way-back").expect(200).body()).isEqualTo("\"two\"");
    }

    /// Makes every write of a kind fail, as a full disk does.
    private void refusing(String write, ThrowingRunnable meanwhile) throws Exception {
        sql("CREATE TRIGGER refusing BEFORE " + write + " BEGIN SELECT RAISE(ABORT, 'no space'); END");
        try {
            meanwhile.run();
        } finally {
            sql("DROP TRIGGER refusing");
        }
    }

    @FunctionalInterface
    private interface ThrowingRunnable {
        void run() throws Exception;
    }

    private void sql(String statement) throws Exception {
        try (var connection = database(); var sql = connection.createStatement()) {
            sql.execute("PRAGMA busy_timeout = 5000");
            sql.execute(statement);
        }
    }

    private Connection database() throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + gateway.directory().resolve("db/nanogrid.db"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"deploy", "undeploy", "rollback", "delete"})
    void aDeployWhoseEndCouldNotBeStoredBlocksNothing(String next) throws Exception {
        String path = "unstored-" + next;
        long id = deployed(path, returning("one"));
        deployed(path, returning("two"));
        String up = "{\"callback_id\": " + id + ", \"status\": true}";
        refusing("UPDATE OF state ON version", () -> assertThat(gateway.post("/callback/deploy", up).expect(503)
                .reason()).isEqualTo("storage_failed"));
        assertThat(gateway.get("/api/" + path).expect(200).body()).isEqualTo("\"two\"");

        Answer answer = switch (next) {
            case "deploy" -> gateway.post("/callback/deploy", up);
            case "undeploy" -> gateway.post("/callback/deploy", up.replace("true", "false"));
            case "rollback" -> gateway.post("/callbacks/" + id + "/rollback", "{}");
            default -> gateway.delete("/callbacks/" + id);
        };

        answer.expect(200);
        assertThat(gateway.get("/api/" + path).status()).isEqualTo(next.matches("deploy|rollback") ? 200 : 404);
    }

    @Test
    void aStreamTellsTheSameErrorsAsTheOrdinaryForm() throws Exception {
        long id = deployed("sse-full", returning("one"));
        String up = "{\"callback_id\": " + id + "}";

        refusing("INSERT ON version", () -> {
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
        try (var connection = database(); var sql = connection.createStatement()) {
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
    void oneCallFormsOfANewPathAtOnceAllSucceedAsOneCallback() throws Exception {
        for (int i = 0; i < 5; i++) {
            String path = "new-crowd-" + i;
            List<Answer> answers = Parallel.run(20,
                    _ -> gateway.deploy(path, "python", returning("x"), "status", false));

            assertThat(answers).extracting(Answer::status).containsOnly(200);
            assertThat(answers.stream().map(answer -> answer.json().path("callback_id").asLong()).distinct())
                    .hasSize(1);
        }
    }

    @Test
    void anUndeployedCallbackIs404AndCanComeBack() throws Exception {
        long id = deployed("down", returning("up"));

        Answer answer = gateway.post("/callback/deploy", "{\"callback_id\": " + id + ", \"status\": false}")
                .expect(200);

        assertThat(answer.json().path("message").asText()).isEqualTo("Callback undeployed");
        assertThat(answer.json().path("status").asText()).isEqualTo("undeployed");
        gateway.get("/api/down").expect(404);
        gateway.post("/callback/deploy", "{\"callback_id\": " + id + ", \"status\": true}").expect(200);
        gateway.get("/api/down").expect(200);
    }

    @Test
    void aSyntaxErrorIsTheUsersOwnMessageAndLineAndTheOldVersionServesOn() throws Exception {
        deployed("broken", returning("fine"));

        Answer python = gateway.deploy("broken", "python", "def handler(e, c):\n    return (1").expect(422);
        Answer node = gateway.deploy("broken", "node", "exports.handler = () => {\n  let x = ;\n}").expect(422);

        assertThat(python.reason()).isEqualTo("init_failed");
        assertThat(python.json().path("errorType").asText()).isEqualTo("SyntaxError");
        assertThat(python.json().path("log").toString()).contains("lambda_function.py", "line 2");
        assertThat(node.json().path("errorType").asText()).isEqualTo("SyntaxError");
        assertThat(node.json().path("log").toString()).contains("index.js:2");
        assertThat(gateway.get("/api/broken").expect(200).body()).isEqualTo("\"fine\"");
    }

    @Test
    void aHandlerThatIsNotThereIsSaid() throws Exception {
        assertThat(gateway.deploy("nohandler", "python", "x = 1").expect(422).json().path("detail").asText())
                .contains("lambda_handler");
        assertThat(gateway.deploy("nohandler", "python", "x = 1", "handler", "app.run").expect(422).json()
                .path("detail").asText())
                .contains("app.py", "lambda_function.py");
        gateway.get("/api/nohandler").expect(404);
    }

    @Test
    void whatIsPrintedWhileLoadingIsInTheLogOfAFailedBuild() throws Exception {
        Answer answer = gateway
                .deploy("prints", "python", "print('loading the thing')\nraise RuntimeError('no database')")
                .expect(422);

        assertThat(answer.json().path("log").toString()).contains("loading the thing", "no database");
        assertThat(answer.json().path("detail").asText()).contains("RuntimeError: no database");
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

    @Test
    void noCallFailsOrWaitsBecauseOfARedeployAndTheLastDeployWins() throws Exception {
        deployed("swap", returning("0"));
        AtomicBoolean done = new AtomicBoolean();
        List<String> bodies = Collections.synchronizedList(new ArrayList<>());
        Thread caller = Thread.ofVirtual().start(() -> {
            while (!done.get()) {
                try {
                    Answer answer = gateway.get("/api/swap");
                    bodies.add(answer.status() + answer.body());
                } catch (Exception e) {
                    bodies.add(e.toString());
                }
            }
        });

        for (int i = 1; i <= 8; i++) {
            deployed("swap", returning(String.valueOf(i)));
            assertThat(gateway.get("/api/swap").body()).isEqualTo("\"" + i + "\"");
        }
        done.set(true);
        caller.join();

        assertThat(bodies).isNotEmpty().allMatch(body -> body.matches("200\"\\d\""));
    }

    @Test
    void deploysOfOneCallbackAtOnceAreServedOneAfterTheOther() throws Exception {
        deployed("crowd", returning("0"));

        List<Integer> statuses = Parallel.run(8, i -> gateway.deploy("crowd", "python", returning("v" + i)).status());

        assertThat(statuses).containsOnly(200);
        assertThat(gateway.get("/api/crowd").expect(200).body()).matches("\"v\\d\"");
    }

    @Test
    void moreSpecificPathsWinAndMissingMethodsAre405() throws Exception {
        for (String[] route : new String[][]{{"shop/{id}", "GET"}, {"shop/special", "GET"}, {"shop/*", "POST"}}) {
            gateway.post("/callback/deploy", "{\"path\": \"" + route[0] + "\", \"method\": \"" + route[1]
                    + "\", \"type\": \"python\", \"code\": \"" + returning(route[0]) + "\"}").expect(200);
        }

        assertThat(gateway.get("/api/shop/special").body()).isEqualTo("\"shop/special\"");
        assertThat(gateway.get("/api/shop/7").body()).isEqualTo("\"shop/{id}\"");
        assertThat(gateway.post("/api/shop/a/b", "{}").body()).isEqualTo("\"shop/*\"");
        Answer wrong = gateway.delete("/api/shop/7").expect(405);
        assertThat(wrong.header("Allow")).contains("GET, HEAD, POST");
    }

    @Test
    void somethingThatIsBeingBuiltCannotBeDeleted() throws Exception {
        gateway.post("/callback/deploy", "{\"path\": \"slow\", \"method\": \"GET\", \"type\": \"python\", "
                + "\"code\": \"import time\\ntime.sleep(1)\\ndef handler(e, c): return 1\"}", "prefer", "respond-async")
                .expect(202);
        long id = 0;
        for (JsonNode callback : gateway.get("/callbacks").json()) {
            id = callback.path("path").asText().equals("slow") ? callback.path("callback_id").asLong() : id;
        }
        long slow = id;
        Awaitility.await().atMost(Duration.ofSeconds(10))
                .until(() -> gateway.get("/callbacks/" + slow).json().path("status").asText().equals("build"));

        assertThat(gateway.delete("/callbacks/" + slow).expect(409).reason()).isEqualTo("build_in_progress");

        Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> gateway.get("/api/slow").status() == 200);
        gateway.delete("/callbacks/" + slow).expect(200);
        gateway.get("/api/slow").expect(404);
    }
}
