package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.EngineException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/// Control groups, one for each sandbox: limits of memory, processes and processor time that the kernel keeps.
/// Safe for use by many threads.
sealed interface Groups permits GroupsV1, GroupsV2, NoGroups {

    /// Whether the kernel limits memory; else the gateway has to sample it.
    boolean limitMemory();

    /// For the operator: what is limited and how.
    String detail();

    /// @param id unique; becomes a directory's name
    Group create(String id, int memoryMb) throws EngineException;

    /// Kills what an earlier life of the gateway has left in its groups, and removes them.
    void reconcile();

    /// Removes the directory of this gateway's groups, which must be empty by now.
    void close();

    /// Limits of all groups that don't depend on the instance.
    ///
    /// @param processors processors' time per second, 0 for no limit
    record Limits(int processes, double processors) {
    }

    /// The group of one sandbox.
    interface Group {

        /// Files that a process of one thread writes `0` to in order to join.
        List<Path> joins();

        OptionalLong peakBytes();

        /// Whether the kernel has killed a process of the group because its memory was used up.
        boolean outOfMemory();

        /// Removes the group, which must be empty of processes by now.
        void remove();
    }
}
