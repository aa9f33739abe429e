package io.nanogrid.db;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/// What became of jobs. Safe for any number of threads.
public interface JobRepository {

    Optional<JobRecord> find(String id);

    /// As {@link #find}, without the input, which may be large: it is empty.
    Optional<JobRecord> findWithoutInput(String id);

    /// Newest first, and without inputs and results, which may be large: the one is empty, the other null.
    ///
    /// @param state null for all
    /// @param limit at least 1
    /// @throws IllegalArgumentException where the cursor isn't one of this list
    Page<JobRecord> list(@Nullable JobState state, int limit, @Nullable String cursor);

    /// How many jobs there are in each state. Where counting costs as much as reading, a large figure means at least as many.
    Map<JobState, Long> counts();

    /// Deletes jobs whose state was final before `cutoff`, in small transactions so that other writers get their turn in between.
    ///
    /// @return how many
    int deleteEndedBefore(Instant cutoff);
}
