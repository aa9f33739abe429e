package io.nanogrid.db;

import java.time.Instant;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/// Which executions are wanted; what is null doesn't matter.
///
/// @param since the earliest start
/// @param until later than the latest start
public record ExecutionFilter(@Nullable Set<ExecutionStatus> statuses, @Nullable Instant since,
        @Nullable Instant until) {
    public static final ExecutionFilter ALL = new ExecutionFilter(null, null, null);

    public ExecutionFilter {
        statuses = statuses == null ? null : Set.copyOf(statuses);
    }
}
