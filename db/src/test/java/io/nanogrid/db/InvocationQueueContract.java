package io.nanogrid.db;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Each job runs at least once and at most three times, and gets one final state.
@Timeout(60)
public abstract class InvocationQueueContract extends Contract {
    protected static final int NO_LIMIT = Integer.MAX_VALUE;
    protected static final byte[] RESULT = "{}".getBytes(UTF_8);

    @Test
    void everyFieldOfAJobComesBackAsItWent() throws InterruptedException {
        var draft = new JobDraft("j1", "f", 3, "r1", new byte[]{0, -1, '"'}, true, "00-abc-def-01", "j0");

        JobRecord accepted = database.queue().put(draft, 1);
        reopen();

        assertThat(accepted.draft()).usingRecursiveComparison().isEqualTo(draft);
        assertThat(accepted.state()).isEqualTo(JobState.PENDING);
        assertThat(accepted.attempts()).isZero();
        assertThat(database.jobs().find("j1").orElseThrow()).usingRecursiveComparison().isEqualTo(accepted);
        assertThat(claim(1)).singleElement().satisfies(job -> {
            assertThat(job.draft()).usingRecursiveComparison().isEqualTo(draft);
            assertThat(job.state()).isEqualTo(JobState.RUNNING);
            assertThat(job.startedAt()).isNotNull();
            assertThat(job.endedAt()).isNull();
        });
    }

    @Test
    void whatAJobLacksComesBackAsNullAndAnEmptyInputAsEmpty() {
        var draft = new JobDraft("j1", "f", null, "r1", new byte[0], false, null, null);

        database.queue().put(draft, 1);

        assertThat(database.jobs().find("j1").orElseThrow().draft()).usingRecursiveComparison().isEqualTo(draft);
    }

    @Test
    void jobsOfExceptedFunctionsStayAndKeepNoOthersWaiting() throws InterruptedException {
        for (String function : List.of("busy", "full", "free", "busy")) {
            database.queue()
                    .put(new JobDraft(function + UUID.randomUUID(), function, null, "r", new byte[0], false, null,
                            null), NO_LIMIT);
        }

        assertThat(claim(1, Set.of("busy", "full")))
                .extracting(job -> job.draft().functionId()).containsExactly("free");
        assertThat(claim(3)).extracting(job -> job.draft().functionId()).containsExactlyInAnyOrder("busy", "full",
                "busy");
    }

    @Test
    void anIdIsAcceptedOnce() {
        put("a");

        assertThatIllegalArgumentException().isThrownBy(() -> put("a")).withMessage("there already is a job 'a'");
    }

    @Test
    void aCompletedJobIsDoneWithItsResult() throws InterruptedException {
        put("a");
        claim(1);

        assertThat(database.queue().complete("a", RESULT)).isTrue();

        JobRecord job = find("a");
        assertThat(job.state()).isEqualTo(JobState.DONE);
        assertThat(job.result()).isEqualTo(RESULT);
        assertThat(job.reason()).isNull();
        assertThat(job.endedAt()).isAfterOrEqualTo(job.startedAt());
    }

    @Test
    void aJobThatIsGivenUpIsDeadWithAReason() throws InterruptedException {
        put("a");
        claim(1);

        assertThat(database.queue().giveUp("a", RESULT, "no engine")).isTrue();

        JobRecord job = find("a");
        assertThat(job.state()).isEqualTo(JobState.DEAD);
        assertThat(job.result()).isEqualTo(RESULT);
        assertThat(job.reason()).isEqualTo("no engine");
    }

    @Test
    void onlyARunningJobEnds() throws InterruptedException {
        put("pending", "done");
        claim(2);
        database.queue().giveBack("pending", false);
        database.queue().complete("done", RESULT);
        JobRecord done = find("done");

        for (String id : List.of("pending", "done", "unknown")) {
            assertThat(database.queue().complete(id, new byte[1])).isFalse();
            assertThat(database.queue().giveUp(id, new byte[1], "no")).isFalse();
            assertThat(database.queue().giveBack(id, true)).isFalse();
            assertThat(database.queue().giveBack(id, false)).isFalse();
        }

        assertThat(find("done")).usingRecursiveComparison().isEqualTo(done);
        assertThat(find("pending").state()).isEqualTo(JobState.PENDING);
    }

    @Test
    void oneOfManyThatEndAJobAtOnceDoes() throws Exception {
        List<String> ids = IntStream.range(0, 20).mapToObj(i -> "j" + i).toList();
        ids.forEach(this::put);
        claim(20);

        for (String id : ids) {
            List<String> winners = atOnce(16, i -> {
                byte[] mine = ("by " + i).getBytes(UTF_8);
                boolean won = switch (i % 3) {
                    case 0 -> database.queue().complete(id, mine);
                    case 1 -> database.queue().giveUp(id, mine, "no");
                    default -> database.queue().giveBack(id, true) && claimAndComplete(id, mine);
                };
                return won ? "by " + i : "";
            }).stream().filter(winner -> !winner.isEmpty()).toList();

            assertThat(winners).hasSize(1);
            assertThat(find(id).result()).asString(UTF_8).isEqualTo(winners.getFirst());
        }
    }

    @Test
    void aJobIsClaimedByOneOfMany() throws Exception {
        IntStream.range(0, 200).forEach(i -> put("j" + i));

        List<List<JobRecord>> claimed = atOnce(16, _ -> {
            var mine = new ArrayList<JobRecord>();
            for (List<JobRecord> next = claim(3); !next.isEmpty(); next = claim(3)) {
                mine.addAll(next);
            }
            return mine;
        });

        assertThat(claimed.stream().flatMap(List::stream)).extracting(InvocationQueueContract::id).hasSize(200)
                .doesNotHaveDuplicates();
    }

    @Test
    void aJobThatIsGivenBackIsPendingWithItsAttempts() throws InterruptedException {
        put("a");
        claim(1);

        assertThat(database.queue().giveBack("a", true)).isTrue();

        assertThat(find("a").state()).isEqualTo(JobState.PENDING);
        assertThat(find("a").startedAt()).isNull();
        assertThat(claim(1)).singleElement().satisfies(job -> assertThat(job.attempts()).isEqualTo(2));
    }

    @Test
    void anAttemptThatIsTakenBackDoesNotCount() throws InterruptedException {
        put("a");
        for (int i = 0; i < 5; i++) {
            claim(1);
            assertThat(database.queue().giveBack("a", false)).isTrue();
        }

        assertThat(claim(1)).extracting(JobRecord::attempts).containsExactly(1);
    }

    @Test
    void aJobIsNotGivenBackAfterItsLastAttempt() throws InterruptedException {
        put("a");
        for (int i = 1; i < InvocationQueue.MAX_ATTEMPTS; i++) {
            claim(1);
            assertThat(database.queue().giveBack("a", true)).isTrue();
        }
        assertThat(claim(1)).extracting(JobRecord::attempts).containsExactly(3);

        assertThat(database.queue().giveBack("a", true)).isFalse();

        assertThat(find("a").state()).isEqualTo(JobState.RUNNING);
        assertThat(database.queue().giveUp("a", RESULT, "three attempts")).isTrue();
    }

    @Test
    void aClaimThatWaitsGetsTheJobThatIsPut() throws Exception {
        FutureTask<List<JobRecord>> claim = waiting(() -> database.queue().claim(1, Set.of(), Duration.ofHours(1)));

        put("a");

        assertThat(claim.get(30, SECONDS)).extracting(InvocationQueueContract::id).containsExactly("a");
    }

    @Test
    void aClaimThatWaitsGetsTheJobThatIsGivenBack() throws Exception {
        put("a");
        claim(1);
        FutureTask<List<JobRecord>> claim = waiting(
                () -> database.queue().claim(1, Set.of(), Duration.ofSeconds(Long.MAX_VALUE)));

        database.queue().giveBack("a", true);

        assertThat(claim.get(30, SECONDS)).extracting(InvocationQueueContract::id).containsExactly("a");
    }

    @Test
    void aClaimEndsEmptyWhenItsTimeIsOver() throws InterruptedException {
        long start = System.nanoTime();

        assertThat(database.queue().claim(1, Set.of(), Duration.ofMillis(50))).isEmpty();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(Duration.ofMillis(50),
                Duration.ofSeconds(10));
    }

    @Test
    void anInterruptEndsAWait() throws Exception {
        FutureTask<List<JobRecord>> claim = new FutureTask<>(
                () -> database.queue().claim(1, Set.of(), Duration.ofHours(1)));
        Thread waiter = Thread.ofVirtual().start(claim);
        await().until(() -> waiter.getState() == Thread.State.TIMED_WAITING);

        waiter.interrupt();

        assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> claim.get(30, SECONDS))
                .withCauseInstanceOf(InterruptedException.class);
    }

    @Test
    void nothingIsLostBetweenManyThatPutAndManyThatClaim() throws Exception {
        var done = new ConcurrentLinkedQueue<String>();
        var putters = new FutureTask<>(() -> atOnce(8, thread -> {
            IntStream.range(0, 50).forEach(i -> put(thread + "-" + i));
            return thread;
        }));
        Thread.ofVirtual().start(putters);

        atOnce(8, _ -> {
            for (List<JobRecord> next = claim(5); done.size() < 400; next = database.queue().claim(5, Set.of(),
                    Duration.ofMillis(20))) {
                next.forEach(job -> {
                    assertThat(database.queue().complete(id(job), RESULT)).isTrue();
                    done.add(id(job));
                });
            }
            return 0;
        });

        putters.get(30, SECONDS);
        assertThat(done).hasSize(400).doesNotHaveDuplicates();
        assertThat(database.jobs().counts()).containsEntry(JobState.DONE, 400L).containsEntry(JobState.PENDING, 0L);
    }

    private boolean claimAndComplete(String id, byte[] result) throws InterruptedException {
        return claim(1).stream().anyMatch(job -> id(job).equals(id) && database.queue().complete(id, result));
    }

    /// Returns once the call waits.
    private static FutureTask<List<JobRecord>> waiting(Callable<List<JobRecord>> call) {
        var task = new FutureTask<>(call);
        Thread waiter = Thread.ofVirtual().start(task);
        await().until(() -> waiter.getState() == Thread.State.TIMED_WAITING);
        return task;
    }

    protected interface Task<T> {
        T run(int thread) throws Exception;
    }

    protected static <T> List<T> atOnce(int threads, Task<T> task) throws Exception {
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            var results = new ArrayList<T>();
            for (Future<T> call : callers.invokeAll(IntStream.range(0, threads)
                    .<Callable<T>>mapToObj(thread -> () -> task.run(thread)).toList())) {
                results.add(call.get());
            }
            return results;
        }
    }

    protected void put(String... ids) {
        for (String id : ids) {
            database.queue().put(job(id), NO_LIMIT);
        }
    }

    protected List<JobRecord> claim(int max) throws InterruptedException {
        return claim(max, Set.of());
    }

    private List<JobRecord> claim(int max, Set<String> except) throws InterruptedException {
        var claimed = new ArrayList<JobRecord>();
        List<JobRecord> next;
        do {
            next = database.queue().claim(max - claimed.size(), except, patience());
            claimed.addAll(next);
        } while (claimed.size() < max && !next.isEmpty());
        return claimed;
    }

    protected JobRecord find(String id) {
        return database.jobs().find(id).orElseThrow();
    }

    protected static String id(JobRecord job) {
        return job.draft().id();
    }

    protected static JobDraft job(String id) {
        return new JobDraft(id, "f", null, "r-" + id, RESULT, false, null, null);
    }
}
