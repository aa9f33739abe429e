package io.nanogrid.db;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/// Jobs on their way to their functions: each is run at least once and at most {@link #MAX_ATTEMPTS} times, and gets one final state that is
/// never changed again. Safe for any number of threads.
public interface InvocationQueue {
    int MAX_ATTEMPTS = 3;

    /// Accepts a job. It survives a loss of power from the moment this returns.
    ///
    /// @throws RefusedException.QueueFull where `maxPending` jobs or more are `PENDING`
    /// @throws IllegalArgumentException where there is a job of that id
    JobRecord put(JobDraft draft, int maxPending);

    /// Takes up to `max` jobs, oldest first; they are `RUNNING`, and no other claim gets them. Waits for the first one, and returns an empty list when
    /// there is none after `wait`.
    ///
    /// @param except functions that can't take another job now: theirs stay where they are, and keep no others waiting
    List<JobRecord> claim(int max, Set<String> except, Duration wait) throws InterruptedException;

    /// Makes a `RUNNING` job `DONE`.
    ///
    /// @return false where it isn't `RUNNING`; then nothing has changed
    boolean complete(String id, byte[] result);

    /// Makes a `RUNNING` job `DEAD`.
    ///
    /// @return false where it isn't `RUNNING`; then nothing has changed
    boolean giveUp(String id, byte[] result, String reason);

    /// Makes a `RUNNING` job `PENDING` again, at its old place.
    ///
    /// @param counts false to take the attempt back, for a gateway that stops in good order
    /// @return false where it isn't `RUNNING`, or where the attempt counts and was the last one, so that the job is to be given up; then nothing has changed
    boolean giveBack(String id, boolean counts);

    /// Ends what a gateway that died left `RUNNING`: `PENDING` again, or `DEAD` after its last attempt. To be called before the first claim of a process,
    /// by it alone.
    ///
    /// @param resultOfTheDead makes the result of a job that is to be `DEAD`, and that says why
    /// @return how many jobs were `RUNNING`
    int recover(Function<JobRecord, byte[]> resultOfTheDead);
}
