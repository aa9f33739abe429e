package io.nanogrid.db;

import java.time.Duration;
import java.time.Instant;

import org.jspecify.annotations.Nullable;

/// One call that has ended. Times are kept to the microsecond.
///
/// @param requestId may be the caller's own, so it need not be unique
/// @param queue how long the call waited for an instance
/// @param init how long the instance took to load the function; zero for a warm call
/// @param run how long the handler ran
/// @param peakMemoryBytes null where the engine can't tell
/// @param outputTruncated whether the function printed more than is kept
public record ExecutionRecord(String requestId, String functionId, int version,
        ExecutionStatus status, Instant startedAt, Duration queue, Duration init, Duration run, boolean coldStart,
        @Nullable Long peakMemoryBytes, @Nullable String errorType, @Nullable String errorMessage, String stdout,
        String stderr, boolean outputTruncated) {
}
