package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.EngineException;
import java.io.IOException;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Host uids of live instances. Safe for use by many threads.
///
/// No two instances on the machine share one, of whatever gateway they are: a user may signal and look into all its processes. So a uid that
/// is taken is locked, as the byte of that number in a file that all gateways on the machine open. The kernel drops the locks of a gateway
/// that dies, with its instances.
///
/// Uids go round the range, so that one that has just been given back is the last to be used again.
final class UidPool implements AutoCloseable {

    /// The same whatever RUN_DIR is. Gateways in containers have one of their own each, and don't see each other's processes.
    static final Path LOCKS = Path.of("/run/nanogrid/uids");

    private static final Logger LOG = LoggerFactory.getLogger(UidPool.class);

    private final SandboxConfig.UidRange range;
    private @Nullable UidLocks locks;
    private final Map<Integer, FileLock> taken = new HashMap<>();
    private int next;

    /// @param locks the file, made when it isn't there; null where the gateway can't become other users: there is nothing to hand out then
    UidPool(SandboxConfig.UidRange range, @Nullable Path locks) {
        this.range = range;
        this.next = range.first();
        this.locks = locks == null ? null : UidLocks.open(locks);
    }

    /// A uid that no live instance has, or empty where the gateway can't change uids.
    synchronized OptionalInt take() throws EngineException {
        if (locks == null) {
            return OptionalInt.empty();
        }
        int size = range.last() - range.first() + 1;
        for (int i = 0; i < size; i++) {
            int uid = next;
            next = uid == range.last() ? range.first() : uid + 1;
            FileLock lock = taken.containsKey(uid) ? null : lock(locks, uid);
            if (lock != null) {
                taken.put(uid, lock);
                return OptionalInt.of(uid);
            }
        }
        throw new EngineException("all " + size + " uids of SANDBOX_UIDS are in use: widen the range");
    }

    private static @Nullable FileLock lock(UidLocks locks, int uid) throws EngineException {
        try {
            return locks.lock(uid);
        } catch (IOException e) {
            throw new EngineException("the uid of an instance can't be locked", e);
        }
    }

    /// Gives a uid back, once nothing runs under it any more.
    synchronized void release(OptionalInt uid) {
        FileLock lock = uid.isPresent() ? taken.remove(uid.getAsInt()) : null;
        if (lock != null) {
            release(lock);
        }
    }

    private static void release(FileLock lock) {
        try {
            lock.release();
        } catch (IOException e) {
            LOG.debug("The lock of a uid is gone already", e);
        }
    }

    /// Gives all back. There are none to take any more.
    @Override
    public synchronized void close() {
        taken.values().forEach(UidPool::release);
        taken.clear();
        if (locks != null) {
            locks.close();
            locks = null;
        }
    }
}
