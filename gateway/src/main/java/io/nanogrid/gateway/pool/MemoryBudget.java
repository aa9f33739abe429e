package io.nanogrid.gateway.pool;

/// How much memory instances have been promised, in MiB. Guarded by the pool's lock.
final class MemoryBudget {

    private final int limit;
    private int promised;
    private int leaving;

    MemoryBudget(int limit) {
        this.limit = limit;
    }

    boolean reserve(int megabytes) {
        if (promised + megabytes > limit) {
            return false;
        }
        promised += megabytes;
        return true;
    }

    /// Whether there will be enough once everything that is being destroyed is gone.
    boolean willSuffice(int megabytes) {
        return promised - leaving + megabytes <= limit;
    }

    void leaving(int megabytes) {
        leaving += megabytes;
    }

    void left(int megabytes) {
        leaving -= megabytes;
        promised -= megabytes;
    }

    void release(int megabytes) {
        promised -= megabytes;
    }

    int promised() {
        return promised;
    }
}
