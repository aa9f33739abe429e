package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.services.sqs.model.Message;

/// What callers see of a gateway that has its calls run by a worker while a service is gone, hung or throttled, and when it is back.
/// They wait for most of the time: each group of tests runs beside the others in a cluster of its own, one test after the other.
@Tag("slow")
@Execution(ExecutionMode.CONCURRENT)
final class ClusterFaultTest {

    @Nested
    final class OfTheQueues extends FaultyCluster {

        @ParameterizedTest
        @EnumSource(Fault.class)
        void withoutTheQueueCallsAndJobsAreRefusedUntilItIsBack(Fault fault) throws Exception {
            spoil(fault, Service.SQS);

            CompletableFuture<Answer> call = later(() -> gateway.run(function, "{}"));
            CompletableFuture<Answer> job = later(() -> gateway.run(function, "{}", "x-async", "true"));

            assertThat(call.join().expect(503).reason()).isEqualTo("engine_unavailable");
            assertThat(call.join().body()).contains("the queue of calls can't be reached");
            assertThat(job.join().expect(503).reason()).isEqualTo("storage_failed");
            eventually().until(() -> check("queue").equals("the queue can't be asked"));
        }

        @Test
        void messagesThatNobodyCanUseAreDeadLettersAndHoldUpNoOthers() throws Exception {
            String deep = "[".repeat(60_000) + "]".repeat(60_000);
            String[] bodies = {"garbage \u00e9\u4e16 \ud83d\ude00", "\"" + "x".repeat(262_142) + "\"",
                    "{\"requestId\": 1, \"functionId\": {}}",
                    "{\"requestId\": \"r\", \"functionId\": \"f\", \"version\": \"one\", \"input\": " + deep + "}",
                    deep,
                    "null"};
            for (String queue : new String[]{cluster.config.queueName(), cluster.config.callsQueueName()}) {
                for (String body : bodies) {
                    cluster.send(queue, body);
                }
            }

            String job = gateway.accept(function, "{\"n\": 6}");

            assertThat(gateway.result(job).path("result").asInt()).isEqualTo(6);
            gateway.run(function, "{}").expect(200);
            List<Message> dead = new ArrayList<>();
            eventually().until(() -> {
                dead.addAll(cluster.deadLetters());
                return dead.size() >= 2 * bodies.length && cluster.messages() == 0;
            });
            assertThat(dead).hasSize(2 * bodies.length).noneMatch(
                    message -> Objects.requireNonNull(message.messageAttributes().get("reason")).stringValue()
                            .isBlank());
        }

        @Test
        void aJobOfAnUnknownFunctionFails() throws Exception {
            cluster.send(cluster.config.queueName(),
                    "{\"requestId\": \"nobodys\", \"functionId\": \"unknown\", \"input\": {}}");

            eventually().until(() -> gateway.get("/status/nobodys").status() == 200);
            JsonNode result = gateway.result("nobodys");
            eventually().until(() -> cluster.deadLetters().size() == 1);

            assertThat(result.path("status").asText()).isEqualTo("FAILED");
            assertThat(result.path("reason").asText()).contains("unknown");
        }
    }

    @Nested
    final class OfTheTableAndTheBucket extends FaultyCluster {

        @ParameterizedTest
        @EnumSource(Fault.class)
        void withoutTheTableWhatNeedsItIsRefusedAndCallsGoOn(Fault fault) throws Exception {
            String known = gateway.accept(function, "{}");
            gateway.result(known);
            spoil(fault, Service.DYNAMODB);

            CompletableFuture<Answer> job = later(() -> gateway.run(function, "{}", "x-async", "true"));
            CompletableFuture<Answer> status = later(() -> gateway.get("/status/" + known));
            CompletableFuture<Answer> call = later(() -> gateway.run(function, "{\"n\": 3}"));

            assertThat(job.join().expect(503).reason()).isEqualTo("storage_failed");
            assertThat(status.join().expect(503).reason()).isEqualTo("storage_failed");
            assertThat(call.join().expect(200).json().path("result").asInt()).isEqualTo(3);
            eventually().until(() -> check("database").equals("the table can't be read"));
        }

        @ParameterizedTest
        @EnumSource(Fault.class)
        void withoutTheBucketWhatNeedsItIsRefusedAndCallsGoOn(Fault fault) throws Exception {
            spoil(fault, Service.S3);
            String large = "{\"n\": \"" + "x".repeat(400_000) + "\"}";

            CompletableFuture<Answer> made = later(() -> gateway.post("/functions",
                    "{\"name\": \"g\", \"runtime\": \"python\", \"code\": \"def handler(e, c): return '" + fault
                            + "'\"}"));
            CompletableFuture<Answer> job = later(() -> gateway.run(function, large, "x-async", "true"));
            CompletableFuture<Answer> longCall = later(() -> gateway.run(function, large));
            CompletableFuture<Answer> call = later(() -> gateway.run(function, "{\"n\": 3}"));

            assertThat(call.join().expect(200).json().path("result").asInt()).isEqualTo(3);
            assertThat(made.join().expect(503).reason()).isEqualTo("storage_failed");
            assertThat(job.join().expect(503).reason()).isEqualTo("storage_failed");
            assertThat(longCall.join().expect(503).reason()).isEqualTo("engine_unavailable");
        }
    }

    @Nested
    final class OfRedis extends FaultyCluster {

        @Test
        void withoutRedisJobsAreAcceptedAndRunAndHealthSaysIt() throws Exception {
            spoil(Fault.GONE, Service.REDIS);

            String job = gateway.accept(function, "{\"n\": 4}");

            assertThat(gateway.result(job).path("result").asInt()).isEqualTo(4);
            eventually().until(() -> check("redis").equals("Redis doesn't answer"));
            gateway.get("/health").expect(503);
            assertThat(check("queue")).isEqualTo("ok");
        }

        @Test
        void aCallWithoutRedisEndsAtItsDeadline() throws Exception {
            spoil(Fault.HUNG, Service.REDIS);
            long began = System.nanoTime();

            CompletableFuture<Answer> run = later(() -> gateway.run(function, "{}"));
            CompletableFuture<Answer> api = later(() -> gateway.get("/api/f"));

            assertThat(api.join().expect(504).reason()).isEqualTo("timeout");
            assertThat(run.join().expect(200).json().path("status").asText()).isEqualTo("TIMEOUT");
            assertThat(Duration.ofNanos(System.nanoTime() - began))
                    .isGreaterThan(FUNCTION_TIMEOUT.plus(TestCluster.DEAD_AFTER));
        }

        @Test
        void aCallIsAnsweredFromTheStoredCopyWhenRedisIsBack() throws Exception {
            CompletableFuture<Answer> call = later(() -> gateway.run(function, "{\"n\": 5, \"sleep\": 1}"));
            eventually().until(() -> busy() == 1);
            ofGateway.to(Service.REDIS).cut();
            eventually().until(() -> cluster.messages() == 0);
            assertThat(call).isNotDone();

            ofGateway.heal();

            assertThat(call.join().expect(200).json().path("result").asInt()).isEqualTo(5);
        }

        @Test
        void withoutRedisTheRateLimitAllowsOrRefusesAsConfigured() throws Exception {
            try (TestGateway allows = cluster.gateway(ofGateway, InstantSource.system(), "RATE_LIMIT_PER_MINUTE",
                    "1000",
                    "RATE_LIMIT_WITHOUT_REDIS", "allow", "DISPATCH", "local");
                    TestGateway refuses = cluster.gateway(ofGateway, InstantSource.system(), "RATE_LIMIT_PER_MINUTE",
                            "1000", "RATE_LIMIT_WITHOUT_REDIS", "refuse", "DISPATCH", "local")) {
                refuses.run(function, "{}").expect(200);
                ofGateway.to(Service.REDIS).cut();

                allows.run(function, "{}").expect(200);
                Answer refused = refuses.run(function, "{}").expect(429);

                assertThat(refused.reason()).isEqualTo("rate_limited");
                assertThat(refused.header("Retry-After")).contains("1");
                ofGateway.heal();
                eventually().until(() -> refuses.run(function, "{}").status() == 200);
            }
        }
    }
}
