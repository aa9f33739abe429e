package io.nanogrid.db;

import java.time.Instant;
import java.util.List;

/// The record of past calls. Safe for any number of threads.
public interface ExecutionRepository {

    /// Stores all or none. Their functions need not exist any more.
    void insert(List<ExecutionRecord> executions);

    /// Newest first.
    List<ExecutionRecord> listByFunction(String functionId, int limit);

    /// Deletes what started before `cutoff`, in small transactions so that other writers get their turn in between. A call that ran for
    /// very long may stay until those that were stored before it are as old.
    ///
    /// @return how many records it deleted
    int deleteOlderThan(Instant cutoff);
}
