package io.nanogrid.db.sqlite;

import static io.nanogrid.db.Drafts.draft;
import static io.nanogrid.db.sqlite.KilledJvm.check;
import static io.nanogrid.db.sqlite.KilledJvm.killAfter;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.Deployment;
import io.nanogrid.db.LiveRoute;
import io.nanogrid.db.VersionState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CrashTest {
    /// What only a transaction that was applied in part would leave.
    private static final String HALF_DONE = """
            SELECT 'function ' || id FROM function WHERE id NOT IN (SELECT function_id FROM callback)
            UNION ALL
            SELECT 'definition ' || id FROM definition
            WHERE id NOT IN (SELECT draft FROM function UNION SELECT definition_id FROM version)
            UNION ALL
            SELECT 'version ' || v.number FROM callback c
            JOIN function f ON f.id = c.function_id
            LEFT JOIN version v ON v.function_id = f.id AND v.number = f.last_version
            LEFT JOIN deployment l ON l.callback_id = c.id AND l.version = v.number
            WHERE f.last_version > 0 AND CASE v.state
              WHEN 'BUILDING' THEN l.version IS NULL OR l.deployed_at IS NOT NULL OR c.status <> 'BUILD'
              WHEN 'READY' THEN l.deployed_at IS NULL OR c.status <> 'DEPLOYED' OR c.live_version <> v.number
              ELSE 1 END""";

    @ParameterizedTest
    @ValueSource(ints = {1, 40, 300})
    void whatWasReportedDeployedBeforeAKillIsServedAfterIt(int deploys, @TempDir Path dir) throws Exception {
        Map<Long, Integer> reported = newest(killAfter(Deployer.class, deploys, dir));

        try (var database = SqliteDatabase.open(dir)) {
            assertThat(check(database, "PRAGMA integrity_check")).containsExactly("ok");
            assertThat(check(database, "PRAGMA foreign_key_check")).isEmpty();
            assertThat(check(database, HALF_DONE)).isEmpty();

            database.callbacks().recoverInterrupted();

            Map<Long, Integer> live = new HashMap<>();
            database.callbacks().liveRoutes().stream().map(LiveRoute::deployment)
                    .forEach(deployment -> live.put(deployment.callbackId(), deployment.version()));
            assertThat(reported).allSatisfy((id, version) -> assertThat(live.get(id)).isGreaterThanOrEqualTo(version));
            assertThat(database.callbacks().liveRoutes())
                    .allSatisfy(route -> assertThat(route.version().state()).isEqualTo(VersionState.READY));
            assertThat(database.callbacks().list()).extracting(CallbackRecord::status)
                    .doesNotContain(CallbackStatus.BUILD);
        }
    }

    @Test
    void aTransactionThatAKillCutShortNeverHappened(@TempDir Path dir) throws Exception {
        killAfter(HalfDone.class, 1, dir);

        try (var database = SqliteDatabase.open(dir)) {
            assertThat(check(database, "PRAGMA integrity_check")).containsExactly("ok");
            assertThat(check(database, "SELECT id FROM definition")).hasSize(1);
            CallbackRecord callback = database.callbacks().find(1001).orElseThrow();
            assertThat(callback.status()).isEqualTo(CallbackStatus.PENDING);
            assertThat(database.functions().versions(callback.function().id())).isEmpty();
        }
    }

    @Test
    void aKilledProcessLeavesNothingInTheTemporaryDirectory(@TempDir Path dir) throws Exception {
        killAfter(HalfDone.class, 1, dir);

        assertThat(dir.resolve("tmp")).isEmptyDirectory();
    }

    /// @return callback → the newest version that was reported as deployed
    private static Map<Long, Integer> newest(List<String> lines) {
        var newest = new HashMap<Long, Integer>();
        for (String line : lines) {
            String[] words = line.split(" ");
            newest.merge(Long.valueOf(words[0]), Integer.valueOf(words[1]), Math::max);
        }
        return newest;
    }

    /// Deploys for ever from four threads, and prints each callback and version after it was reported live.
    static final class Deployer {
        private Deployer() {
        }

        public static void main(String[] args) {
            var database = SqliteDatabase.open(Path.of(args[0]));
            IntStream.range(0, 4).forEach(thread -> Thread.ofPlatform().start(() -> {
                long id = database.callbacks().create(draft("t" + thread)).id();
                for (int i = 0;; i++) {
                    int number = database.callbacks().beginVersion(id).number();
                    CallbackRecord callback = database.callbacks().completeDeployment(id, number, "deps");
                    Deployment live = callback.live();
                    if (live != null) {
                        System.out.println(live.callbackId() + " " + live.version());
                    }
                    database.callbacks().update(id, draft("t" + thread, "code" + i));
                }
            }));
        }
    }

    /// Stops within a transaction that is too large for memory, so that a part of it is in the log already.
    static final class HalfDone {
        private HalfDone() {
        }

        public static void main(String[] args) {
            var database = SqliteDatabase.open(Path.of(args[0]));
            long id = database.callbacks().create(draft("hello")).id();
            database.lanes().write(connection -> {
                Deploys.begin(connection, id, Instant.now());
                Definitions.insert(connection, draft("large", "x".repeat(20_000_000)).definition());
                System.out.println("half done");
                while (true) {
                    LockSupport.park();
                }
            });
        }
    }
}
