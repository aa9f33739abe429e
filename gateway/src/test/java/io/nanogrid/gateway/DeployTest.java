package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Making callbacks live, all the ways there are, and what is served meanwhile and afterwards.
final class DeployTest extends CallbacksTest {

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
        database.execute("UPDATE definition SET handler = 'gone' WHERE id = (SELECT v.definition_id FROM version v "
                + "JOIN callback c ON c.function_id = v.function_id WHERE c.id = " + id + " AND v.number = 1)");

        Answer answer = gateway.post("/callbacks/" + id + "/rollback", "{}").expect(422);

        assertThat(answer.reason()).isEqualTo("init_failed");
        assertThat(answer.json().path("log").toString()).contains("gone");
        assertThat(gateway.get("/callbacks/" + id).json().path("version").asInt()).isEqualTo(2);
        assertThat(gateway.get("/api/no-way-back").expect(200).body()).isEqualTo("\"two\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"deploy", "undeploy", "rollback", "delete"})
    void aDeployWhoseEndCouldNotBeStoredBlocksNothing(String next) throws Exception {
        String path = "unstored-" + next;
        long id = deployed(path, returning("one"));
        deployed(path, returning("two"));
        String up = "{\"callback_id\": " + id + ", \"status\": true}";
        database.refusing("UPDATE OF state ON version",
                () -> assertThat(gateway.post("/callback/deploy", up).expect(503)
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
        Awaitility.await()
                .until(() -> gateway.get("/callbacks/" + slow).json().path("status").asText().equals("build"));

        assertThat(gateway.delete("/callbacks/" + slow).expect(409).reason()).isEqualTo("build_in_progress");

        Awaitility.await().until(() -> gateway.get("/api/slow").status() == 200);
        gateway.delete("/callbacks/" + slow).expect(200);
        gateway.get("/api/slow").expect(404);
    }
}
