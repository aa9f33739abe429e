package io.nanogrid.gateway.dispatch;

import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;

/// A call that has ended, with its figures.
///
/// @param queueNanos how long it waited for an instance that was being used or wasn't there, less `initNanos`
/// @param initNanos how long it took to make and load an instance for it; 0 for a warm call
/// @param runNanos from the sent event to the received answer
/// @param peakMemoryBytes the most memory its instance has used so far; empty where that isn't known
/// @param stdout what it printed, `stderr` likewise
/// @param outputCut whether it printed more than is kept
/// @param files the paths of what it left in its output directory, where that was asked for and it came to an end of its own making;
///        what has come of files is of no use where this is empty
public record Invocation(
        String requestId,
        Outcome outcome,
        Instant startedAt,
        long queueNanos,
        long initNanos,
        long runNanos,
        boolean cold,
        OptionalLong peakMemoryBytes,
        String stdout,
        String stderr,
        boolean outputCut,
        List<String> files) {

    /// A call of which no more is known than how it ended.
    ///
    /// @param asked when it was asked for, by [System#nanoTime]
    /// @param stdout what was printed while its function was being loaded
    static Invocation ended(Call call, Outcome outcome, Instant startedAt, long asked, String stdout) {
        return new Invocation(call.requestId(), outcome, startedAt, System.nanoTime() - asked, 0, 0, true,
                OptionalLong.empty(), stdout, "", false, List.of());
    }

    /// The same call without its files, and with a line about that where its function's owner looks.
    public Invocation withoutFiles(String why) {
        String line = (stderr.isEmpty() || stderr.endsWith("\n") ? "" : "\n") + why + "\n";
        return new Invocation(requestId, outcome, startedAt, queueNanos, initNanos, runNanos, cold, peakMemoryBytes,
                stdout, stderr + line, outputCut, List.of());
    }

    /// The same call, seen to have ended otherwise.
    public Invocation withOutcome(Outcome other) {
        return new Invocation(requestId, other, startedAt, queueNanos, initNanos, runNanos, cold, peakMemoryBytes,
                stdout, stderr, outputCut, files);
    }
}
