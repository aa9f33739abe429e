package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What becomes of calls and jobs when processes of a cluster end, or stand still for a while.
@Tag("slow")
final class ClusterRestartTest {

    private static final String WAITS = """
            import os, time
            def handler(event, context):
                while time.time() < event.get("until", 0):
                    time.sleep(.02)
                return os.urandom(8).hex()
            """;
    private static final Executor THREADS = Thread::startVirtualThread;

    private static TestCluster cluster;
    private static TestGateway gateway;
    private static String function;
    private static final List<ClusterProcess> WORKERS = new ArrayList<>();

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        cluster = new TestCluster(directory);
        for (int i = 0; i < 2; i++) {
            WORKERS.add(worker());
        }
        gateway = cluster.gateway(cluster.ways(), InstantSource.system());
        function = gateway.function("python", WAITS, "timeoutMs", 30_000);
    }

    @AfterAll
    static void stop() throws Exception {
        cluster.close();
    }

    private static ClusterProcess worker() throws Exception {
        return cluster.process("worker", "DRAIN_SECONDS", "1");
    }

    @BeforeEach
    void thereAreTwoWorkers() throws Exception {
        WORKERS.removeIf(worker -> !worker.isAlive());
        while (WORKERS.size() < 2) {
            WORKERS.add(worker());
        }
        WORKERS.forEach(ClusterProcess::awaitStart);
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofSeconds(40)).pollInterval(Duration.ofMillis(50));
    }

    /// The one that runs something, once one does.
    private static ClusterProcess busy() {
        return eventually().until(() -> {
            for (ClusterProcess worker : WORKERS) {
                if (worker.busy() > 0) {
                    return Optional.of(worker);
                }
            }
            return Optional.<ClusterProcess>empty();
        }, Optional::isPresent).orElseThrow();
    }

    private static String waiting(Duration time) {
        return "{\"until\": %f}".formatted(System.currentTimeMillis() / 1000.0 + time.toMillis() / 1000.0);
    }

    private static CompletableFuture<Answer> run(String input) {
        return CompletableFuture.supplyAsync(() -> unchecked(() -> gateway.run(function, input)), THREADS);
    }

    private static <T> T unchecked(Callable<T> task) {
        try {
            return task.call();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static JsonNode listed(String job) throws Exception {
        for (JsonNode one : gateway.get("/jobs").expect(200).json().path("jobs")) {
            if (one.path("jobId").asText().equals(job)) {
                return one;
            }
        }
        throw new AssertionError("no job " + job);
    }

    /// Has whoever is gone miss what its last polls still get, rather than the next test. The second one of each kind gets to where the first one didn't.
    private static CompletableFuture<Void> useUpPolls() {
        return CompletableFuture.allOf(
                CompletableFuture.runAsync(() -> unchecked(() -> gateway.result(gateway.accept(function, "{}"))
                        .equals(gateway.result(gateway.accept(function, "{}")))), THREADS),
                CompletableFuture.runAsync(() -> unchecked(
                        () -> gateway.run(function, "{}").equals(gateway.run(function, "{}"))), THREADS));
    }

    private static void nothingIsLeft() {
        eventually().until(() -> cluster.messages() == 0);
        for (ClusterProcess worker : WORKERS) {
            if (worker.isAlive()) {
                eventually().until(() -> worker.busy() == 0);
            }
        }
    }

    @Test
    void aJobWhoseWorkerIsKilledIsRunByAnother() throws Exception {
        String job = gateway.accept(function, waiting(Duration.ofSeconds(4)));
        ClusterProcess victim = busy();

        victim.kill();
        CompletableFuture<Void> polls = useUpPolls();

        assertThat(gateway.result(job).path("status").asText()).isEqualTo("SUCCESS");
        assertThat(listed(job).path("attempts").asInt()).isEqualTo(2);
        polls.join();
        nothingIsLeft();
        eventually().until(() -> Leftovers.processes(victim.id()) == 0);
    }

    @Test
    void aCallWhoseWorkerIsKilledIsAnsweredByAnother() throws Exception {
        CompletableFuture<Answer> call = run(waiting(Duration.ofSeconds(3)));
        ClusterProcess victim = busy();

        victim.kill();
        CompletableFuture<Void> polls = useUpPolls();

        assertThat(call.join().expect(200).json().path("status").asText()).isEqualTo("SUCCESS");
        polls.join();
        nothingIsLeft();
    }

    @Test
    void whatAWorkerSaysLateThatWasTakenForDeadIsDropped() throws Exception {
        String job = gateway.accept(function, waiting(Duration.ofSeconds(4)));
        ClusterProcess frozen = busy();
        frozen.freeze();
        useUpPolls().join();
        String result = gateway.result(job).toString();

        frozen.thaw();

        nothingIsLeft();
        assertThat(gateway.get("/status/" + job).json()).hasToString(result);
        assertThat(listed(job).path("attempts").asInt()).isEqualTo(2);
    }

    @Test
    void aWorkerThatWasTakenForDeadDoesNotGiveBackWhatAnotherRuns() throws Exception {
        String job = gateway.accept(function, waiting(Duration.ofSeconds(16)));
        ClusterProcess frozen = busy();
        frozen.freeze();
        WORKERS.remove(frozen);
        useUpPolls().join();
        ClusterProcess other = busy();

        frozen.thaw();
        frozen.stop();
        CompletableFuture<Void> polls = useUpPolls();

        assertThat(other.busy()).as("the other is still at it").isPositive();
        assertThat(gateway.result(job).path("status").asText()).isEqualTo("SUCCESS");
        assertThat(listed(job).path("attempts").asInt()).isEqualTo(2);
        polls.join();
        nothingIsLeft();
    }

    @Test
    void aGatewayThatIsKilledWhileItWaitsLeavesNothingBehind() throws Exception {
        ClusterProcess killed = cluster.process("gateway").awaitStart();
        CompletableFuture<HttpResponse<String>> cut = killed.postLater("/run",
                TestGateway.runBody(function, waiting(Duration.ofSeconds(2))), "Idempotency-Key", "k");
        busy();

        killed.kill();

        assertThat(cut.handle((_, failure) -> failure != null).join()).isTrue();
        nothingIsLeft();
        assertThat(Leftovers.processes(killed.id())).isZero();
        gateway.run(function, "{}").expect(200);
    }
}
