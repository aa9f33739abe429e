package io.nanogrid.gateway;

import io.nanogrid.db.JobState;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.metrics.Metrics;
import io.nanogrid.gateway.metrics.Metrics.Figure;
import io.nanogrid.gateway.metrics.Scaling;
import io.nanogrid.gateway.pool.ColdStarts;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.PoolConfig;
import io.nanogrid.gateway.pool.PoolStatus;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// The metrics that are read off the gateway's parts when somebody asks for them.
final class Gauges {

    private Gauges() {
    }

    static void measure(Metrics metrics, InstancePool pool, PoolConfig config) {
        metrics.gauges("nanogrid_instances", "Instances by state", "state", () -> {
            PoolStatus status = pool.status();
            return Map.of("starting", status.starting(), "stem", status.stems(), "idle", status.idle(), "busy",
                    status.busy());
        });
        metrics.gauge("nanogrid_waiting_calls", "Calls that wait for an instance",
                () -> pool.status().waiting());
        metrics.gauges("nanogrid_memory_bytes", "Memory that instances have been promised, and may be in all", "kind",
                () -> Map.of("promised", (long) pool.status().promisedMb() << 20, "budget",
                        (long) config.memoryBudgetMb() << 20));
        metrics.counters("nanogrid_cold_starts", "Instances made for calls that waited, by what they were made of",
                "kind", () -> {
                    ColdStarts starts = pool.coldStarts();
                    return Map.of("stem", starts.stem(), "image", starts.image(), "none", starts.none());
                });
    }

    static void measure(Metrics metrics, ExecutionLog log) {
        metrics.counters("nanogrid_records", "Records of calls, by whether they were stored", "end", () -> {
            ExecutionLog.Counts counts = log.counts();
            return Map.of("stored", counts.stored(), "lost", counts.lost());
        });
    }

    /// @param counts may throw [io.nanogrid.db.StorageException]
    static void measureJobs(Metrics metrics, Supplier<Map<JobState, Long>> counts) {
        metrics.gauges("nanogrid_jobs", "Jobs by state", "state", () -> counts.get().entrySet().stream()
                .collect(Collectors.toMap(entry -> entry.getKey().wireName(), Map.Entry::getValue)));
    }

    /// @param scaling nothing where it isn't known; may throw [io.nanogrid.db.StorageException]
    static void measure(Metrics metrics, Supplier<Optional<Scaling>> scaling) {
        metrics.figures(() -> scaling.get().map(now -> List.of(
                new Figure("nanogrid_visible_messages", "Calls and jobs in the queues that nobody has taken yet",
                        now.waiting()),
                new Figure("nanogrid_workers", "Workers that are there", now.workers()),
                new Figure("nanogrid_worker_capacity", "Calls that the workers can run at once", now.capacity()),
                new Figure("nanogrid_backlog_per_worker", "Calls and jobs that wait for each worker",
                        now.backlogPerWorker())))
                .orElse(List.of()));
    }
}
