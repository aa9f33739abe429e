package io.nanogrid.gateway.aws;

import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobState;
import org.jspecify.annotations.Nullable;

/// What is known of jobs, apart from the messages that carry them: how often each was begun, and how it ended. A job gets one final state,
/// whoever and however many run it. Safe for use by many threads and machines; all methods throw [io.nanogrid.db.StorageException] when the
/// storage fails.
public interface JobLedger {

    /// Writes down a job that is `PENDING`.
    ///
    /// @throws IllegalArgumentException where there is a job of that id
    JobRecord create(JobDraft draft);

    /// Forgets a job that could be written down but not sent.
    void discard(String id);

    /// Whether a job may be begun.
    sealed interface Begun {

        /// It is `RUNNING` now, for one more attempt.
        record Started(JobRecord job) implements Begun {
        }

        /// It has a final state, or is long gone: its message is a late copy.
        record Over() implements Begun {
        }

        /// It was begun [InvocationQueue#MAX_ATTEMPTS] times, and whoever ran it the last time never said how it ended.
        record Exhausted(JobRecord job) implements Begun {
        }

        /// Its input is gone for good.
        ///
        /// @param job as far as it is known
        record Lost(JobRecord job) implements Begun {
        }
    }

    Begun begin(String id);

    /// Gives a `RUNNING` job its final state.
    ///
    /// @param state `DONE` or `DEAD`
    /// @return false where it isn't `RUNNING`; then nothing has changed
    boolean end(String id, JobState state, byte[] result, @Nullable String reason);

    /// Makes a `RUNNING` job `PENDING` again.
    ///
    /// @param attempt that is over: where somebody else has begun another, the job is theirs
    /// @param counts false to take the attempt back
    /// @return false where that attempt isn't `RUNNING`, or where it counts and was the last one; then nothing has changed
    boolean giveBack(String id, int attempt, boolean counts);

    /// @return null where there is no such job, or no more
    @Nullable
    JobState state(String id);
}
