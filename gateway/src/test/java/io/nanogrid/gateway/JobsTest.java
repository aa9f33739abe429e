package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Jobs: calls that are accepted to be made later.
class JobsTest extends EchoTest {

    @Test
    void aJobIsAcceptedRunAndItsResultIsThatOfACall() throws Exception {
        Answer accepted = gateway.run(echo, "{\"n\": 1}", "x-async", "true", "X-Request-Id", "job-1").expect(202);

        JsonNode result = gateway.result(accepted.json().path("jobId").asText());

        assertThat(accepted.json().path("status").asText()).isEqualTo("ACCEPTED");
        assertThat(accepted.json().path("requestId").asText()).isEqualTo("job-1");
        assertThat(result.path("jobId")).isEqualTo(accepted.json().path("jobId"));
        assertThat(result.path("status").asText()).isEqualTo("SUCCESS");
        assertThat(result.path("requestId").asText()).isEqualTo("job-1");
        assertThat(result.path("result").path("n").asInt()).isEqualTo(1);
        assertThat(gateway.execution(accepted).status()).isEqualTo("SUCCESS");
    }

    @Test
    void aJobsFaultIsItsResult() throws Exception {
        String function = gateway.function("python", "def handler(e, c): raise KeyError('k')");

        JsonNode result = gateway.result(gateway.accept(function, "{}"));

        assertThat(result.path("status").asText()).isEqualTo("FAILED");
        assertThat(result.path("errorType").asText()).isEqualTo("KeyError");
    }

    @Test
    void statusAndRetryOfAJobThatIsNotThereAre404() throws Exception {
        for (String id : List.of("nothing", "%20", "..%2e", "x".repeat(2000))) {
            assertThat(gateway.get("/status/" + id).status()).isIn(400, 404);
            assertThat(gateway.post("/jobs/" + id + "/retry", "").status()).isIn(400, 404);
        }
    }

    @Test
    void aRetryIsANewJobThatNamesTheOldOne() throws Exception {
        String first = gateway.accept(echo, "{\"n\": 2}");
        gateway.result(first);

        JsonNode again = gateway.post("/jobs/" + first + "/retry", "").expect(202).json();
        JsonNode result = gateway.result(again.path("jobId").asText());

        assertThat(again.path("retryOf").asText()).isEqualTo(first);
        assertThat(again.path("jobId").asText()).isNotEqualTo(first);
        assertThat(result.path("result").path("n").asInt()).isEqualTo(2);
        assertThat(gateway.result(first).path("result").path("n").asInt()).isEqualTo(2);
    }

    @Test
    void jobsAreListedByStateAndPage() throws Exception {
        for (int i = 0; i < 3; i++) {
            gateway.result(gateway.accept(echo, "{}"));
        }

        JsonNode first = gateway.get("/jobs?state=done&limit=2").expect(200).json();
        JsonNode second = gateway.get("/jobs?state=done&limit=2&cursor=" + first.path("nextCursor").asText())
                .expect(200).json();

        assertThat(first.path("jobs")).hasSize(2);
        assertThat(second.path("jobs").path(0).path("jobId")).isNotEqualTo(first.path("jobs").path(1).path("jobId"));
        for (JsonNode job : first.path("jobs")) {
            assertThat(job.path("state").asText()).isEqualTo("done");
            assertThat(job.path("attempts").asInt()).isEqualTo(1);
            assertThat(job.path("endedAt").asText()).isGreaterThanOrEqualTo(job.path("acceptedAt").asText());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"state=lost", "state=", "limit=0", "limit=1001", "limit=x", "limit=-1", "limit=%2B5",
            "limit=%D9%A5", "limit=5&limit=5", "cursor=a&cursor=b"})
    void aListThatCannotBeGivenIsRefused(String query) throws Exception {
        assertThat(gateway.get("/jobs?" + query).expect(400).reason()).isEqualTo("invalid_parameter");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cursor=%00", "cursor=zzz", "cursor="})
    void aListDoesNotGoOnFromACursorThatItNeverGave(String query) throws Exception {
        assertThat(gateway.get("/jobs?" + query).expect(400).reason()).isEqualTo("invalid_cursor");
    }

    @Test
    void manyJobsOfAFunctionThatTakesOneCallAtATimeAllRunAndKeepNoOtherWaiting() throws Exception {
        String one = gateway.function("python",
                "import time\ndef handler(e, c):\n    time.sleep(e['s'])\n    return e['n']", "concurrency", 1);
        String blocker = gateway.accept(one, "{\"s\": 3, \"n\": 0}");
        List<String> waiting = new ArrayList<>();
        for (int i = 1; i <= 20; i++) {
            waiting.add(gateway.accept(one, "{\"s\": 0, \"n\": " + i + "}"));
        }

        JsonNode other = gateway.result(gateway.accept(echo, "{}"));

        assertThat(other.path("status").asText()).isEqualTo("SUCCESS");
        assertThat(gateway.get("/status/" + blocker).json().path("status").asText()).isEqualTo("running");
        assertThat(gateway.get("/status/" + waiting.getFirst()).json().path("status").asText()).isEqualTo("pending");
        for (int i = 1; i <= 20; i++) {
            assertThat(gateway.result(waiting.get(i - 1)).path("result").asInt()).isEqualTo(i);
        }
    }

    @Test
    void onlyAJobThatHasEndedCanBeRunAgain() throws Exception {
        String slow = gateway.function("python", "import time\ndef handler(e, c): time.sleep(2)");
        String job = gateway.accept(slow, "{}");

        assertThat(gateway.post("/jobs/" + job + "/retry", "").expect(409).reason()).isEqualTo("job_not_finished");
        gateway.result(job);
    }

    @Test
    void aJobWhoseFunctionIsGoneIsDeadAndSaysWhy() throws Exception {
        String busy = gateway.function("python", "import time\ndef handler(e, c): time.sleep(e['s'])", "concurrency",
                1);
        gateway.accept(busy, "{\"s\": 1.5}");
        String job = gateway.accept(busy, "{\"s\": 0}");
        gateway.delete("/functions/" + busy).expect(200);

        JsonNode result = gateway.result(job);

        assertThat(result.path("status").asText()).isEqualTo("FAILED");
        assertThat(result.path("reason").asText()).contains("is there no more");
        assertThat(gateway.get("/jobs?state=dead").json().path("jobs")).anySatisfy(
                dead -> assertThat(dead.path("jobId").asText()).isEqualTo(job));
    }
}
