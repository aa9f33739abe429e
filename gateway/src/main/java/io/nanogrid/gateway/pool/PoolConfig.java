package io.nanogrid.gateway.pool;

import java.time.Duration;

/// How the pool behaves.
///
/// @param memoryBudgetMb how much memory all instances together may be promised, in MiB
/// @param defaultConcurrency most instances of a version that says nothing itself
/// @param eager so many instances of one version are started as soon as calls wait; more only when a call has waited for `patience`.
///        More running instances than processors make everything slower
/// @param running so many instances of one version run at once while its calls are brief; a call beyond waits for one of them, for up to
///        `patience`, even where another instance is idle. About twice the processors: more of them only take the caches from each other
/// @param patience see `eager`
/// @param queueLength most calls that wait for one version
/// @param queueWait how long a call waits before it is turned away
/// @param startTimeout how long an instance may take until it has greeted
/// @param initTimeout how long loading a function may take
/// @param idleTimeout how long an instance without calls is kept
/// @param stems instances without a function that are kept ready for each shape in demand
/// @param stemMemoryMb memory of the stems that are kept before there has been any demand, in MiB
/// @param resultBytes the longest result that is taken, in bytes
/// @param outputBytes how much of what a call prints is kept of each of its two streams, in bytes
public record PoolConfig(
        int memoryBudgetMb,
        int defaultConcurrency,
        int eager,
        int running,
        Duration patience,
        int queueLength,
        Duration queueWait,
        Duration startTimeout,
        Duration initTimeout,
        Duration idleTimeout,
        int stems,
        int stemMemoryMb,
        int resultBytes,
        int outputBytes) {

    public static PoolConfig withBudget(int memoryBudgetMb, int resultBytes) {
        return new PoolConfig(
                memoryBudgetMb,
                16,
                Math.max(2, Runtime.getRuntime().availableProcessors()),
                2 * Runtime.getRuntime().availableProcessors(),
                Duration.ofMillis(10),
                1024,
                Duration.ofSeconds(30),
                Duration.ofSeconds(15),
                Duration.ofSeconds(30),
                Duration.ofMinutes(5),
                1,
                128,
                resultBytes,
                256 << 10);
    }

    /// How many of the smallest functions' instances there is memory for.
    public int mostInstances() {
        return Math.max(1, memoryBudgetMb / stemMemoryMb);
    }
}
