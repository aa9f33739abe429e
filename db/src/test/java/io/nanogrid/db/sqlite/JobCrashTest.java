package io.nanogrid.db.sqlite;

import static io.nanogrid.db.sqlite.KilledJvm.check;
import static io.nanogrid.db.sqlite.KilledJvm.killAfter;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sqlite.Function;
import org.sqlite.SQLiteConnection;

@Timeout(120)
class JobCrashTest {
    private static final byte[] JSON = "{}".getBytes(StandardCharsets.UTF_8);

    @ParameterizedTest
    @ValueSource(ints = {1, 100, 1_000})
    void noJobThatWasReportedIsLostByAKillAndEachEndsOnce(int lines, @TempDir Path dir) throws Exception {
        Map<String, String> reported = new HashMap<>();
        killAfter(Worker.class, lines, dir).stream().map(line -> line.split(" "))
                .forEach(words -> reported.merge(words[1], words[0], (a, b) -> a.equals("done") ? a : b));

        try (var database = SqliteDatabase.open(dir)) {
            assertThat(check(database, "PRAGMA integrity_check")).containsExactly("ok");
            assertThat(check(database, "SELECT seq FROM job WHERE seq NOT IN (SELECT seq FROM job_input)")).isEmpty();
            Map<String, JobRecord> left = new HashMap<>();
            reported.keySet().forEach(id -> left.put(id, database.jobs().find(id).orElseThrow()));

            database.queue().recover(_ -> JSON);
            assertThat(database.jobs().counts()).containsEntry(JobState.RUNNING, 0L);
            finish(database.queue());

            assertThat(database.jobs().counts()).containsEntry(JobState.PENDING, 0L).containsEntry(JobState.DEAD, 0L);
            assertThat(reported).allSatisfy((id, what) -> {
                JobRecord job = database.jobs().find(id).orElseThrow();
                assertThat(job.state()).isEqualTo(JobState.DONE);
                if (what.equals("done")) {
                    assertThat(job).usingRecursiveComparison().isEqualTo(left.get(id));
                }
            });
        }
    }

    @Test
    void aJobWhoseCommitAKillCutShortWasNeverAccepted(@TempDir Path dir) throws Exception {
        killAfter(HalfAccepted.class, 1, dir);

        try (var database = SqliteDatabase.open(dir)) {
            assertThat(check(database, "PRAGMA integrity_check")).containsExactly("ok");
            assertThat(check(database, "SELECT id FROM job")).containsExactly("accepted");
            assertThat(check(database, "SELECT seq FROM job_input")).hasSize(1);
        }
    }

    @Test
    void aJobWhoseGatewayIsKilledThreeTimesIsGivenUp(@TempDir Path dir) throws Exception {
        try (var database = SqliteDatabase.open(dir)) {
            database.queue().put(job("poison"), 1);
        }

        for (int attempt = 1; attempt <= InvocationQueue.MAX_ATTEMPTS; attempt++) {
            assertThat(killAfter(Claimer.class, 1, dir)).containsExactly("poison " + attempt);
        }

        try (var database = SqliteDatabase.open(dir)) {
            assertThat(database.queue().recover(_ -> JSON)).isOne();
            JobRecord job = database.jobs().find("poison").orElseThrow();
            assertThat(job.state()).isEqualTo(JobState.DEAD);
            assertThat(job.attempts()).isEqualTo(3);
            assertThat(job.reason()).isEqualTo("the gateway died during each of its 3 attempts");
            assertThat(database.queue().claim(1, Set.of(), Duration.ZERO)).isEmpty();
        }
    }

    private static void finish(InvocationQueue queue) throws InterruptedException {
        for (List<JobRecord> jobs = queue.claim(100, Set.of(), Duration.ZERO); !jobs.isEmpty(); jobs = queue.claim(100,
                Set.of(), Duration.ZERO)) {
            jobs.forEach(job -> assertThat(queue.complete(job.draft().id(), JSON)).isTrue());
        }
    }

    private static JobDraft job(String id) {
        return new JobDraft(id, "f", null, "r", JSON, false, null, null);
    }

    /// Puts jobs from four threads and runs them from two, for ever; prints each that it has accepted or completed.
    static final class Worker {
        private Worker() {
        }

        public static void main(String[] args) {
            InvocationQueue queue = SqliteDatabase.open(Path.of(args[0])).queue();
            IntStream.range(0, 4).forEach(thread -> Thread.ofPlatform().start(() -> {
                for (int i = 0;; i++) {
                    String id = thread + "-" + i;
                    queue.put(job(id), Integer.MAX_VALUE);
                    System.out.println("accepted " + id);
                }
            }));
            IntStream.range(0, 2).forEach(_ -> Thread.ofPlatform().start(() -> run(queue)));
        }

        private static void run(InvocationQueue queue) {
            try {
                while (true) {
                    for (JobRecord job : queue.claim(3, Set.of(), Duration.ofSeconds(1))) {
                        queue.complete(job.draft().id(), JSON);
                        System.out.println("done " + job.draft().id());
                    }
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /// Stops between storing a job and committing it, the input being too large for memory, so that a part of it is in the log already.
    static final class HalfAccepted {
        private HalfAccepted() {
        }

        public static void main(String[] args) {
            var database = SqliteDatabase.open(Path.of(args[0]));
            database.queue().put(job("accepted"), 1);
            database.lanes().write(connection -> {
                Function.create(connection.unwrap(SQLiteConnection.class), "stop", new Stop());
                return Sql.update(connection, """
                        CREATE TEMP TRIGGER stops AFTER INSERT ON main.job_input BEGIN SELECT stop(); END""");
            });
            database.queue().put(new JobDraft("large", "f", null, "r", new byte[20_000_000], false, null, null), 9);
        }
    }

    private static final class Stop extends Function {
        @Override
        protected void xFunc() {
            System.out.println("half accepted");
            while (true) {
                LockSupport.park();
            }
        }
    }

    /// Claims a job and never ends it.
    static final class Claimer {
        private Claimer() {
        }

        public static void main(String[] args) throws InterruptedException {
            InvocationQueue queue = SqliteDatabase.open(Path.of(args[0])).queue();
            queue.recover(_ -> JSON);
            JobRecord job = queue.claim(1, Set.of(), Duration.ZERO).getFirst();
            System.out.println(job.draft().id() + " " + job.attempts());
            LockSupport.park();
        }
    }
}
