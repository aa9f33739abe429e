package io.nanogrid.db;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/// The record of past calls. Safe for any number of threads.
public interface ExecutionRepository {

    /// Stores all or none. Their functions need not exist any more.
    void insert(List<ExecutionRecord> executions);

    /// Newest first. A page may have fewer than `limit`, or none, and a cursor nevertheless, where the search would take long, above all for a filter
    /// that leaves out much.
    ///
    /// @param limit at least 1
    /// @throws IllegalArgumentException where the cursor isn't one of this list
    Page<ExecutionRecord> list(String functionId, ExecutionFilter filter, int limit, @Nullable String cursor);

    /// Peaks of the newest calls of a version for which there is one, newest first. Looks no further back than the function's last 10,000 calls.
    List<Peak> peaks(String functionId, int version, int limit);

    /// Deletes what started before `cutoff`, in small transactions so that other writers get their turn in between. A call that ran for
    /// very long may stay until those that were stored before it are as old.
    ///
    /// @return how many records it deleted
    int deleteOlderThan(Instant cutoff);
}
