package io.nanogrid.gateway.pool;

/// How many instances there are in each state, how many calls wait, and how much memory is promised, in MiB.
public record PoolStatus(int starting, int stems, int idle, int busy, int waiting, int promisedMb) {

    public int instances() {
        return stems + idle + busy;
    }
}
