package io.nanogrid.db.sqlite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.List;

import io.nanogrid.db.Contract;
import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.InvocationQueueContract;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobState;
import io.nanogrid.db.RefusedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.RegisterExtension;

/// The queue of one process keeps its order and its bound to the job.
class SqliteQueueTest extends InvocationQueueContract {

    @RegisterExtension
    static final ParameterResolver STORAGE = Contract.of(SqliteDatabase::open, Duration.ZERO);

    @Test
    void jobsAreClaimedOldestFirstAndOnce() throws InterruptedException {
        put("a", "b", "c");

        assertThat(claim(2)).extracting(InvocationQueueContract::id).containsExactly("a", "b");
        assertThat(claim(2)).extracting(InvocationQueueContract::id).containsExactly("c");
        assertThat(claim(2)).isEmpty();
    }

    @Test
    void aFullQueueRefusesUntilAJobIsClaimed() throws InterruptedException {
        database.queue().put(job("a"), 2);
        database.queue().put(job("b"), 2);

        assertThatExceptionOfType(RefusedException.QueueFull.class)
                .isThrownBy(() -> database.queue().put(job("c"), 2))
                .withMessage("2 jobs are waiting already; try again when some of them have run");
        assertThat(database.jobs().find("c")).isEmpty();

        claim(1);
        assertThat(database.queue().put(job("c"), 2).state()).isEqualTo(JobState.PENDING);
    }

    @Test
    void jobsThatArePutAtOnceAreAllAcceptedUpToTheLimit() throws Exception {
        List<Boolean> accepted = atOnce(64, i -> {
            try {
                return database.queue().put(job("j" + i), 40).state() == JobState.PENDING;
            } catch (RefusedException.QueueFull e) {
                return false;
            }
        });

        assertThat(accepted).filteredOn(Boolean::booleanValue).hasSize(40);
        assertThat(database.jobs().counts()).containsEntry(JobState.PENDING, 40L);
    }

    @Test
    void aJobThatIsGivenBackKeepsItsPlaceAndItsAttempts() throws InterruptedException {
        put("a", "b");
        claim(1);

        assertThat(database.queue().giveBack("a", true)).isTrue();

        assertThat(find("a").startedAt()).isNull();
        assertThat(claim(1)).singleElement().satisfies(job -> {
            assertThat(id(job)).isEqualTo("a");
            assertThat(job.attempts()).isEqualTo(2);
        });
    }

    @Test
    void aStartPutsBackWhatWasRunningAndGivesUpWhatHadItsAttempts() throws InterruptedException {
        put("exhausted");
        for (int i = 0; i < InvocationQueue.MAX_ATTEMPTS; i++) {
            reopen();
            database.queue().recover(job -> RESULT);
            claim(1);
        }
        put("running", "pending");
        claim(1);
        reopen();

        int recovered = database.queue().recover(job -> ("result of " + id(job)).getBytes(UTF_8));

        assertThat(recovered).isEqualTo(2);
        JobRecord dead = find("exhausted");
        assertThat(dead.state()).isEqualTo(JobState.DEAD);
        assertThat(dead.attempts()).isEqualTo(3);
        assertThat(dead.result()).asString(UTF_8).isEqualTo("result of exhausted");
        assertThat(dead.reason()).isEqualTo("the gateway died during each of its 3 attempts");
        assertThat(find("running").state()).isEqualTo(JobState.PENDING);
        assertThat(find("running").attempts()).isOne();
        assertThat(claim(9)).extracting(InvocationQueueContract::id).containsExactly("running", "pending");
    }
}
