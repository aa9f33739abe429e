package io.nanogrid.db;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/// A job and what became of it. Times are kept to the microsecond.
///
/// @param attempts how often it was begun
/// @param startedAt when its last attempt began; null while it is `PENDING`
/// @param endedAt null until its state is final
/// @param result JSON; null until its state is final
/// @param reason why it was given up, or null where it was not
public record JobRecord(JobDraft draft, JobState state, int attempts, Instant acceptedAt, @Nullable Instant startedAt,
        @Nullable Instant endedAt, byte @Nullable [] result, @Nullable String reason) {

    /// The same job, given up for that reason, as yet without a result.
    public JobRecord dead(String why) {
        return new JobRecord(draft, JobState.DEAD, attempts, acceptedAt, startedAt, endedAt, null, why);
    }
}
