package io.nanogrid.gateway.http;

import io.javalin.Javalin;
import io.nanogrid.db.Scope;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.http.Parts.Platform;
import io.nanogrid.gateway.metrics.Metrics;
import java.util.List;

/// What a worker says over HTTP: `/health`, `/health/live` and `/metrics`, for those who operate it.
public final class WorkerServer implements AutoCloseable {

    private final Javalin javalin;
    private final Health health;

    /// @param checks what has to work besides the engine
    public WorkerServer(GatewayConfig gateway, String version, List<Check> checks, Platform platform, ApiKeys keys,
            Metrics metrics, KeptConnections kept) {
        health = new Health(checks, platform.engine(), platform.runtimes(), platform.pool(), version);
        Guard guard = new Guard(keys, gateway.managementOrigins());
        Problems problems = new Problems(gateway.maxBodyBytes());
        MetricsPage page = new MetricsPage(metrics);
        javalin = Javalin.create(config -> {
            HttpServer.listen(config, gateway, kept);
            config.routes.before(RequestId::assign);
            config.routes.exception(Exception.class, problems::answer);
            config.routes.get("/health", health::get);
            config.routes.get("/health/live", health::live);
            config.routes.get("/metrics", ctx -> {
                guard.require(ctx, Scope.READ);
                page.get(ctx);
            });
        });
    }

    /// Listens from here on.
    ///
    /// @return the port, which is the configured one unless that is 0
    public int start() {
        javalin.start();
        return javalin.port();
    }

    /// From now on the worker counts as unhealthy, as it takes nothing any more.
    public void stopping() {
        health.stopping();
    }

    @Override
    public void close() {
        javalin.stop();
    }
}
