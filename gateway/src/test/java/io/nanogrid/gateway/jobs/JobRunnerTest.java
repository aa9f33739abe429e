package io.nanogrid.gateway.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.Database;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobState;
import io.nanogrid.db.sqlite.SqliteDatabase;
import io.nanogrid.gateway.config.Drain;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Over a real queue, with jobs that do nothing but wait.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class JobRunnerTest {

    private static final Duration LONG = Duration.ofMinutes(10);

    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private final List<String> begun = new CopyOnWriteArrayList<>();

    @TempDir
    private Path directory;
    private Database database;

    @BeforeEach
    void open() {
        database = SqliteDatabase.open(directory);
    }

    @AfterEach
    void close() {
        mayEnd.countDown();
        database.close();
    }

    private JobRunner start(int most, Duration drain, JobRunner.Body body) {
        JobRunner runner = new JobRunner(database.queue(), (job, found) -> {
            begun.add(job.draft().id());
            return body.run(job, found);
        }, most, 1, new Drain(drain));
        runner.start();
        return runner;
    }

    private void put(String id, String function) {
        database.queue().put(new JobDraft(id, function, null, id, new byte[0], false, null, null), 100);
    }

    private void awaitBegun(String... ids) {
        Awaitility.await().until(() -> begun.containsAll(List.of(ids)));
    }

    private String state(String id) {
        JobRecord job = database.jobs().find(id).orElseThrow();
        return job.state() + " after " + job.attempts();
    }

    private Duration untilAllowed(JobRecord job) throws InterruptedException {
        mayEnd.await();
        database.queue().complete(job.draft().id(), new byte[0]);
        return Duration.ZERO;
    }

    private Duration untilAllowedWhateverHappens() {
        while (true) {
            try {
                mayEnd.await();
                return Duration.ZERO;
            } catch (InterruptedException e) {
                // As in a call that no interruption ends.
            }
        }
    }

    @Test
    void aJobThatEndsWhileTheGatewayDrainsIsDone() {
        JobRunner runner = start(2, LONG, (job, _) -> untilAllowed(job));
        put("a", "f");
        awaitBegun("a");
        runner.drain();
        mayEnd.countDown();
        runner.close();
        assertThat(state("a")).isEqualTo(JobState.DONE + " after 1");
    }

    @Test
    void aJobThatIsRunningWhenTheTimeIsOverIsBrokenOffAndWaitsAgainAtNoCost() {
        JobRunner runner = start(2, Duration.ZERO, (job, _) -> untilAllowed(job));
        put("a", "f");
        awaitBegun("a");
        runner.close();
        assertThat(state("a")).isEqualTo(JobState.PENDING + " after 0");
    }

    @Test
    void aJobThatCantBeBrokenOffIsLeftBehindAndWaitsAgainAtNoCost() {
        JobRunner runner = start(2, Duration.ZERO, (_, _) -> untilAllowedWhateverHappens());
        put("a", "f");
        awaitBegun("a");
        runner.close();
        assertThat(state("a")).isEqualTo(JobState.PENDING + " after 0");
    }

    @Test
    void noJobBeginsWhileTheGatewayDrains() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        JobRunner runner = start(1, LONG, (job, _) -> {
            Duration pause = untilAllowed(job);
            ended.countDown();
            return pause;
        });
        put("a", "f");
        awaitBegun("a");
        put("b", "g");
        runner.drain();
        mayEnd.countDown();
        assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
        runner.close();
        assertThat(begun).containsExactly("a");
        assertThat(state("b")).isEqualTo(JobState.PENDING + " after 0");
    }

    @Test
    void jobsOfABusyFunctionDontKeepThoseOfOthersWaiting() {
        JobRunner runner = start(3, Duration.ZERO, (job, _) -> untilAllowed(job));
        put("a", "busy");
        awaitBegun("a");
        put("b", "busy");
        put("c", "other");
        awaitBegun("c");
        assertThat(begun).containsExactly("a", "c");
        runner.close();
    }

    @Test
    void aWaitingJobBeginsWhenOneOfItsFunctionHasEnded() {
        JobRunner runner = start(3, LONG, (job, _) -> job.draft().id().equals("a") ? untilAllowed(job) : Duration.ZERO);
        put("a", "busy");
        awaitBegun("a");
        put("b", "busy");
        assertThat(begun).containsExactly("a");
        mayEnd.countDown();
        awaitBegun("b");
        runner.close();
    }
}
