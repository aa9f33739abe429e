package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineHealth;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.PoolStatus;
import io.nanogrid.spi.RuntimeDescriptor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `GET /health`, which looks, and `GET /health/live`, which only answers.
final class Health {

    private final Checks checks;
    private final Engine engine;
    private final Runtimes runtimes;
    private final InstancePool pool;
    private final String version;
    private final long startedNanos = System.nanoTime();
    private volatile boolean stopping;

    /// @param needed what has to work besides the engine
    Health(List<Check> needed, Engine engine, Runtimes runtimes, InstancePool pool, String version) {
        this.checks = new Checks(needed);
        this.engine = engine;
        this.runtimes = runtimes;
        this.pool = pool;
        this.version = version;
    }

    /// From now on the gateway counts as unhealthy, so that nobody sends it new work.
    void stopping() {
        stopping = true;
    }

    void get(Context ctx) throws InterruptedException {
        Map<String, String> found = checks.look();
        EngineHealth confined = engine.health();
        boolean works = found.values().stream().allMatch(Checks.OK::equals);
        boolean healthy = works && confined.healthy() && !stopping;
        Map<String, Object> all = new LinkedHashMap<>(found);
        all.put("engine", Map.of("name", engine.name(), "healthy", confined.healthy(), "detail", confined.detail()));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("status", healthy ? "healthy" : "unhealthy");
        json.put("version", version);
        json.put("uptimeSeconds", (System.nanoTime() - startedNanos) / 1_000_000_000L);
        if (stopping) {
            json.put("reason", "shutting down");
        }
        json.put("checks", all);
        json.put("runtimes", runtimes.all().stream().map(RuntimeDescriptor::id).toList());
        json.put("runtimeVersions", versions());
        json.put("pluginProblems", runtimes.problems());
        PoolStatus status = pool.status();
        json.put("instances",
                Map.of("starting", status.starting(), "stems", status.stems(), "idle", status.idle(), "busy",
                        status.busy(), "waitingCalls", status.waiting(), "memoryMb", status.promisedMb()));
        ctx.status(healthy ? 200 : 503).json(json);
    }

    /// Those that the engine knows by now.
    private Map<String, String> versions() {
        Map<String, String> versions = new LinkedHashMap<>();
        for (RuntimeDescriptor runtime : runtimes.all()) {
            engine.version(runtime).ifPresent(version -> versions.put(runtime.id(), version.text()));
        }
        return versions;
    }

    void live(Context ctx) {
        ctx.json(Map.of("status", "alive"));
    }
}
