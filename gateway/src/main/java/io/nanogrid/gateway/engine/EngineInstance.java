package io.nanogrid.gateway.engine;

import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/// One isolated process tree. Safe for use by many threads.
public interface EngineInstance {

    /// Completes, never exceptionally, when nothing of the tree runs any more.
    CompletableFuture<Exit> onExit();

    /// Kills the whole tree and frees all that belongs to it. Returns when no process of it is left; idempotent.
    void destroy();

    /// The most memory that the instance has used so far, in bytes; empty where it can't be known.
    /// A few microseconds: it reads at most one small file.
    OptionalLong peakMemoryBytes();

    /// Whether processes remain that have lost their parent, as a daemon that forked twice has. A few microseconds.
    boolean hasOrphans();

    /// How an instance ended.
    ///
    /// @param code the exit status, or 128 + the signal's number
    /// @param outOfMemory whether it was killed for exceeding its memory
    record Exit(int code, boolean outOfMemory) {
    }
}
