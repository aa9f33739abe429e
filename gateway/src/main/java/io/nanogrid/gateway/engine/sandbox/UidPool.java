package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.EngineException;
import java.util.BitSet;
import java.util.OptionalInt;

/// Host uids of live instances. Safe for use by many threads.
///
/// Uids go round the range, so that one that has just been given back is the last to be used again.
final class UidPool {

    private final SandboxConfig.UidRange range;
    private final boolean root;
    private final BitSet taken = new BitSet();
    private int next;

    /// @param root whether the gateway may become other users; else there is nothing to hand out
    UidPool(SandboxConfig.UidRange range, boolean root) {
        this.range = range;
        this.root = root;
    }

    /// A uid that no live instance has, or empty where the gateway can't change uids.
    synchronized OptionalInt take() throws EngineException {
        if (!root) {
            return OptionalInt.empty();
        }
        int size = range.last() - range.first() + 1;
        int offset = taken.nextClearBit(next);
        if (offset >= size) {
            offset = taken.nextClearBit(0);
        }
        if (offset >= size) {
            throw new EngineException("all " + size + " uids of SANDBOX_UIDS are in use: widen the range");
        }
        taken.set(offset);
        next = (offset + 1) % size;
        return OptionalInt.of(range.first() + offset);
    }

    /// Gives a uid back, once nothing runs under it any more.
    synchronized void release(OptionalInt uid) {
        uid.ifPresent(value -> taken.clear(value - range.first()));
    }
}
