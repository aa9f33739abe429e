package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteConfig;

/// What becomes of accepted jobs when the gateway's process ends, one way or another.
class JobsRestartTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SLEEPS_UNTIL = "{\"name\": \"f\", \"runtime\": \"python\", \"code\": "
            + "\"import time\\ndef handler(e, c):\\n    time.sleep(e.get('sleep', 0))\\n    while time.time() < e.get('until', 0): time.sleep(.02)\\n    return e.get('n')\"}";

    private static final int CLIENTS = 4;
    private static final Executor THREADS = Thread::startVirtualThread;

    @TempDir
    private Path directory;
    private Path data;

    @BeforeAll
    static void requireTheEngine(@TempDir Path data) throws Exception {
        TestGateway.start("sandbox", data).close();
    }

    @BeforeEach
    void chooseTheData() {
        data = directory.resolve("data");
    }

    private ProcessGateway start(String log) throws IOException {
        return start(log, "10");
    }

    private ProcessGateway start(String log, String drainSeconds) throws IOException {
        return ProcessGateway.start("sandbox", data, directory.resolve(log), "RATE_LIMIT_PER_MINUTE", "0",
                "DRAIN_SECONDS", drainSeconds);
    }

    private static String deploy(ProcessGateway gateway) throws Exception {
        HttpResponse<String> answer = gateway.post("/functions", SLEEPS_UNTIL);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
        return JSON.readTree(answer.body()).path("functionId").asText();
    }

    private static String job(String function, int n, double until) {
        return "{\"functionId\": \"%s\", \"inputData\": {\"n\": %d, \"until\": %f}}".formatted(function, n, until);
    }

    private static String brief(String function, int n, int millis) {
        return "{\"functionId\": \"%s\", \"inputData\": {\"n\": %d, \"sleep\": 0.%03d}}".formatted(function, n, millis);
    }

    private static String accept(ProcessGateway gateway, String job) throws Exception {
        HttpResponse<String> answer = gateway.post("/run", job, "x-async", "true");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        return JSON.readTree(answer.body()).path("jobId").asText();
    }

    private static JsonNode status(ProcessGateway gateway, String job) throws Exception {
        return JSON.readTree(gateway.get("/status/" + job).body());
    }

    private static JsonNode result(ProcessGateway gateway, String job) {
        return Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> status(gateway, job),
                status -> status.has("exitCode"));
    }

    private static void awaitRunning(ProcessGateway gateway, String job) {
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(
                () -> status(gateway, job).path("status").asText().equals("running")
                        && gateway.get("/health").body().contains("\"busy\":1"));
    }

    /// The first column by the second, or by itself.
    private Map<String, String> stored(String query) throws SQLException {
        SQLiteConfig readOnly = new SQLiteConfig();
        readOnly.setReadOnly(true);
        Map<String, String> rows = new HashMap<>();
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + data.resolve("db/nanogrid.db"),
                readOnly.toProperties());
                var statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            int columns = row.getMetaData().getColumnCount();
            while (row.next()) {
                rows.put(row.getString(1), row.getString(columns));
            }
        }
        return rows;
    }

    @Test
    void anOrderlyStopGivesARunningJobBackAndItCostsNoAttempt() throws Exception {
        ProcessGateway first = start("1.log", "500ms");
        String function = deploy(first);
        double until = System.currentTimeMillis() / 1000.0 + 8;
        String running = accept(first, job(function, 1, until));
        awaitRunning(first, running);

        assertThat(first.stop()).isZero();

        assertThat(stored("SELECT id, state || attempts FROM job")).containsEntry(running, "PENDING0");
        try (ProcessGateway second = start("2.log")) {
            assertThat(result(second, running).path("result").asInt()).isEqualTo(1);
            assertThat(second.get("/jobs").body()).contains("\"attempts\":1,");
        }
    }

    @Test
    void anOrderlyStopLetsAJobEndThatIsQuickEnough() throws Exception {
        ProcessGateway first = start("1.log", "20");
        String function = deploy(first);
        String running = accept(first, job(function, 1, System.currentTimeMillis() / 1000.0 + 2));
        awaitRunning(first, running);

        assertThat(first.stop()).isZero();

        assertThat(stored("SELECT id, state || attempts FROM job")).containsEntry(running, "DONE1");
    }

    @Test
    void aJobDuringWhichTheGatewayDiesThreeTimesIsDeadAndCanBeRunAgain() throws Exception {
        ProcessGateway gateway = start("1.log");
        String function = deploy(gateway);
        String job = accept(gateway, job(function, 1, System.currentTimeMillis() / 1000.0 + 3600));
        for (int attempt = 1; attempt <= 3; attempt++) {
            awaitRunning(gateway, job);
            gateway.kill();
            gateway = start(attempt + 1 + ".log");
        }

        JsonNode result = result(gateway, job);
        JsonNode dead = JSON.readTree(gateway.get("/jobs?state=dead").body()).path("jobs");

        assertThat(result.path("status").asText()).isEqualTo("FAILED");
        assertThat(result.path("reason").asText()).contains("3 attempts");
        assertThat(dead).hasSize(1);
        assertThat(dead.path(0).path("attempts").asInt()).isEqualTo(3);
        String quick = "{\"code\": \"def handler(e, c): return e['n']\"}";
        assertThat(gateway.put("/functions/" + function, quick).statusCode()).isEqualTo(200);
        JsonNode again = JSON.readTree(gateway.post("/jobs/" + job + "/retry", "").body());
        assertThat(result(gateway, again.path("jobId").asText()).path("result").asInt()).isEqualTo(1);
        gateway.close();
    }

    @Test
    void aCallWithAKeyDuringWhichTheGatewayDiedIsUnknownAndNotMadeAgain() throws Exception {
        ProcessGateway first = start("1.log");
        String function = deploy(first);
        String call = job(function, 1, System.currentTimeMillis() / 1000.0 + 60);
        CompletableFuture<HttpResponse<String>> cut = first.postLater("/run", call, "Idempotency-Key", "k");
        Awaitility.await().atMost(Duration.ofSeconds(20))
                .until(() -> first.get("/health").body().contains("\"busy\":1"));

        first.kill();

        assertThat(cut.handle((_, failure) -> failure != null).join()).isTrue();
        try (ProcessGateway second = start("2.log")) {
            HttpResponse<String> again = second.post("/run", call, "Idempotency-Key", "k");
            assertThat(again.statusCode()).isEqualTo(409);
            assertThat(again.body()).contains("idempotency_key_unknown");
        }
    }

    /// Kills come at any moment: while jobs are accepted, claimed, run and stored, and while the gateway starts.
    @Test
    @Tag("slow")
    void ofAThousandJobsNoneIsLostAndEachHasOneFinalStateHoweverOftenTheGatewayIsKilled() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("jobs crash test: -Dseed=" + seed);
        Random random = new Random(seed);
        ProcessGateway gateway = start("0.log");
        String function = deploy(gateway);
        Set<String> accepted = new HashSet<>();
        Map<String, String> ended = new HashMap<>();
        for (int life = 1; life <= 5; life++) {
            CompletableFuture<List<String>> clients = acceptSome(gateway, function,
                    Math.min(150, 1_000 - accepted.size()));
            pauseFor(Duration.ofMillis(random.nextInt(1_500)));
            gateway.kill();
            accepted.addAll(clients.join());
            ended = nothingThatHadEndedHasChanged(ended);
            gateway = start(life + ".log");
        }
        accepted.addAll(acceptSome(gateway, function, 1_000 - accepted.size()).join());
        Awaitility.await().atMost(Duration.ofMinutes(3)).pollInterval(Duration.ofMillis(500))
                .until(() -> stored("SELECT id FROM job WHERE state IN ('PENDING', 'RUNNING')").isEmpty());
        ended = nothingThatHadEndedHasChanged(ended);

        assertThat(accepted).hasSize(1_000);
        assertThat(stored("SELECT id FROM job WHERE attempts > 1")).isNotEmpty();
        assertThat(ended).containsKeys(accepted.toArray(String[]::new));
        assertThat(stored("SELECT id, attempts FROM job").values()).allSatisfy(
                attempts -> assertThat(Integer.parseInt(attempts)).isBetween(1, 3));
        int dead = stored("SELECT id FROM job WHERE state = 'DEAD'").size();
        System.out.println("jobs crash test: " + ended.size() + " ended, " + dead + " of them dead, "
                + stored("SELECT id FROM job WHERE attempts > 1").size() + " begun more than once");
        for (String job : List.copyOf(accepted).subList(0, 50)) {
            assertThat(status(gateway, job).path("status").asText()).isIn("SUCCESS", "FAILED");
        }
        gateway.close();
    }

    /// Has up to `most` jobs accepted, fewer if the gateway goes away.
    private static CompletableFuture<List<String>> acceptSome(ProcessGateway gateway, String function, int most) {
        AtomicInteger left = new AtomicInteger(most);
        List<CompletableFuture<List<String>>> clients = IntStream.range(0, CLIENTS)
                .mapToObj(_ -> CompletableFuture.supplyAsync(() -> acceptSome(gateway, function, left), THREADS))
                .toList();
        return CompletableFuture.allOf(clients.toArray(CompletableFuture[]::new))
                .thenApply(_ -> clients.stream().flatMap(client -> client.join().stream()).toList());
    }

    private static List<String> acceptSome(ProcessGateway gateway, String function, AtomicInteger left) {
        List<String> jobs = new ArrayList<>();
        try {
            for (int n = left.getAndDecrement(); n > 0; n = left.getAndDecrement()) {
                jobs.add(accept(gateway, brief(function, n, n % 100)));
            }
            return jobs;
        } catch (IOException e) {
            // Killed: what was answered counts.
            return jobs;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Map<String, String> nothingThatHadEndedHasChanged(Map<String, String> before) throws SQLException {
        Map<String, String> now = stored("SELECT id, state || ended_at || CAST(result AS TEXT) FROM job "
                + "WHERE state IN ('DONE', 'DEAD')");
        assertThat(now).containsAllEntriesOf(before);
        return now;
    }

    private static void pauseFor(Duration time) {
        LockSupport.parkNanos(time.toNanos());
    }
}
