package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two gateways that share their state, each with a data directory of its own. What one of them does, the other one knows.
final class ClusterTest {

    private static final Duration NEVER = Duration.ofHours(1);

    private LocalCloud cloud;
    private TestGateway first;
    private TestGateway second;

    @BeforeEach
    void start(@TempDir Path directory) throws Exception {
        cloud = LocalCloud.with(Service.values());
        first = gateway(directory.resolve("first"));
        second = gateway(directory.resolve("second"));
    }

    @AfterEach
    void stop() {
        if (second != null) {
            second.close();
        }
        if (first != null) {
            first.close();
        }
        cloud.close();
    }

    /// One that has to be told of what others change, as it doesn't look for it.
    private TestGateway gateway(Path data) throws Exception {
        return gateway(data, NEVER);
    }

    private TestGateway gateway(Path data, Duration beat) throws Exception {
        List<String> settings = new ArrayList<>(List.of("RATE_LIMIT_PER_MINUTE", "0", "DISPATCH", "local"));
        cloud.settings().forEach((name, value) -> settings.addAll(List.of(name, value)));
        Wiring.Given given = new Wiring.Given(null, TestGateway.KEPT, InstantSource.system(), Duration.ofSeconds(15),
                beat);
        return TestGateway.startWith(given, "sandbox", data, settings.toArray(String[]::new));
    }

    private static ConditionFactory soon() {
        return Awaitility.await().pollInterval(Duration.ofMillis(50));
    }

    private static String returning(int value) {
        return "def handler(event, context):\n    return " + value;
    }

    private long deploy(String path, int value) throws Exception {
        return first.deploy(path, "python", returning(value)).expect(200).json().path("callback_id").asLong();
    }

    /// What the second gateway answers to a callback's path: a value, or the status that isn't 200.
    private Callable<String> answered(String path) {
        return answered(second, path);
    }

    private static Callable<String> answered(TestGateway gateway, String path) {
        return () -> {
            Answer answer = gateway.get("/api/" + path);
            return answer.status() == 200 ? answer.body() : "status " + answer.status();
        };
    }

    @Test
    void eachDeployOnOneIsAnnouncedToTheOtherWhichServesIt() throws Exception {
        long id = deploy("a", 1);
        soon().until(answered("a"), "1"::equals);

        deploy("a", 2);
        soon().until(answered("a"), "2"::equals);

        first.post("/callbacks/" + id + "/rollback", "{}").expect(200);
        soon().until(answered("a"), "1"::equals);
    }

    @Test
    void whatOneTakesAwayTheOtherServesNoMore() throws Exception {
        long undeployed = deploy("a", 1);
        long deleted = deploy("b", 2);
        soon().until(answered("a"), "1"::equals);
        soon().until(answered("b"), "2"::equals);

        first.post("/callback/deploy", "{\"callback_id\": " + undeployed + ", \"status\": false}").expect(200);
        soon().until(answered("a"), "status 404"::equals);

        first.delete("/callbacks/" + deleted).expect(200);
        soon().until(answered("b"), "status 404"::equals);
        second.get("/callbacks/" + deleted).expect(404);
    }

    @Test
    void aFunctionRunsOnBothAsItIsNow() throws Exception {
        String id = first.function("python", returning(1));
        assertThat(second.run(id, "{}").expect(200).json().path("result").asInt()).isEqualTo(1);

        first.withBody("PUT", "/functions/" + id, TestGateway.JSON.writeValueAsString(java.util.Map.of("code",
                returning(2)))).expect(200);
        soon().until(() -> second.run(id, "{}").expect(200).json().path("result").asInt() == 2);

        first.delete("/functions/" + id).expect(200);
        soon().until(() -> second.run(id, "{}").status() == 404);
    }

    @Test
    void aJobThatOneAcceptsHasItsResultFromBoth() throws Exception {
        String id = first.function("python", returning(7));
        String job = first.accept(id, "{}");

        assertThat(second.result(job).path("result").asInt()).isEqualTo(7);
        assertThat(first.result(job).path("result").asInt()).isEqualTo(7);
    }

    @Test
    void aKeyThatIsMadeOnOneIsKnownToTheOtherUntilItIsDeleted() throws Exception {
        String admin = makeKey("admin");
        soon().until(() -> second.get("/callbacks").status() == 401);
        first.authorize(admin);
        second.authorize(makeKey("reader"));
        soon().until(() -> second.get("/callbacks").status() == 200);

        first.delete("/keys/reader").expect(200);

        soon().until(() -> second.get("/callbacks").status() == 401);
    }

    private String makeKey(String name) throws Exception {
        return first.post("/keys", "{\"name\": \"" + name + "\", \"scopes\": [\"admin\", \"read\"]}").expect(201).json()
                .path("secret").asText();
    }

    @Test
    void withoutRedisAGatewaySeesForItselfWhatOthersChange(@TempDir Path directory) throws Exception {
        try (TestGateway third = gateway(directory, Duration.ofSeconds(1))) {
            deploy("a", 1);
            soon().until(answered(third, "a"), "1"::equals);
            cloud.server(Service.REDIS).kill();

            deploy("a", 2);

            soon().until(answered(third, "a"), "2"::equals);
            Answer health = third.get("/health").expect(503);
            assertThat(health.json().path("checks").path("redis").asText()).isEqualTo("Redis doesn't answer");
            assertThat(health.json().path("checks").path("database").asText()).isEqualTo("ok");
            assertThat(health.json().path("checks").path("queue").asText()).isEqualTo("ok");
        }
    }

    @Test
    void whatWasChangedWhileRedisWasGoneIsSeenWhenItIsBack() throws Exception {
        deploy("a", 1);
        soon().until(answered("a"), "1"::equals);
        cloud.server(Service.REDIS).kill();
        deploy("a", 2);

        cloud.server(Service.REDIS).start();

        soon().until(answered("a"), "2"::equals);
        soon().until(() -> second.get("/health").status() == 200);
    }

    @Test
    void aFunctionWithLibrariesRunsOnTheOtherToo() throws Exception {
        String word = Greeting.fresh("hello");

        first.deploy("lib", "python", "", "library", Greeting.REQUIREMENTS, "archive", Greeting.archive(word))
                .expect(200);

        soon().until(answered("lib"), ("\"" + word + "\"")::equals);
    }

    @Test
    void aGatewayThatStartsServesWhatWasDeployedBefore(@TempDir Path third) throws Exception {
        deploy("a", 1);

        try (TestGateway late = gateway(third)) {
            assertThat(late.get("/api/a").expect(200).body()).isEqualTo("1");
            assertThat(late.get("/callbacks").json()).hasSize(3);
        }
    }

    @Test
    void theExamplesAreThereOnce() throws Exception {
        assertThat(first.get("/callbacks").json()).hasSize(2);
        assertThat(second.get("/callbacks").json()).isEqualTo(first.get("/callbacks").json());
    }

    @Test
    void howMuchWorkWaitsForHowManyWorkersIsAmongTheFigures() throws Exception {
        assertThat(first.get("/metrics").expect(200).body()).contains("nanogrid_visible_messages 0.0",
                "nanogrid_workers 0.0", "nanogrid_worker_capacity 0.0", "nanogrid_backlog_per_worker 0.0");
    }
}
