package io.nanogrid.gateway.http;

import io.nanogrid.db.Database;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.auth.SignatureVerifier;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.deploy.DefinitionReader;
import io.nanogrid.gateway.deploy.DeployEvents;
import io.nanogrid.gateway.deploy.Deployer;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.deploy.FunctionDefinitionReader;
import io.nanogrid.gateway.deploy.FunctionDeployer;
import io.nanogrid.gateway.deploy.LiveRoutes;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.invoke.Invoke;
import io.nanogrid.gateway.invoke.MemoryTuner;
import io.nanogrid.gateway.invoke.OutputStore;
import io.nanogrid.gateway.invoke.PatientIdempotency;
import io.nanogrid.gateway.invoke.RunFunction;
import io.nanogrid.gateway.limits.RateLimitStore;
import io.nanogrid.gateway.logs.CallFeed;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.metrics.Metrics;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.InstancePool;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;

/// What the HTTP side works with.
public record Parts(
        GatewayConfig config,
        String version,
        Database database,
        Access access,
        Platform platform,
        Deploying deploying,
        Running running,
        Watching watching) {

    /// Who may call, and how often.
    public record Access(ApiKeys keys, SignatureVerifier signatures, RateLimitStore limits) {
    }

    /// What functions run on.
    public record Platform(Engine engine, Runtimes runtimes, InstancePool pool) {
    }

    /// What makes functions and callbacks out of definitions, and what is served.
    ///
    /// @param uploads directory for files on their way into the store
    public record Deploying(
            CodeStore store,
            Path uploads,
            DefinitionReader definitions,
            Deployer deployer,
            FunctionDefinitionReader functionDefinitions,
            FunctionDeployer functionDeployer,
            FunctionCatalog catalog,
            DeployEvents events,
            LiveRoutes routes) {
    }

    /// What makes calls.
    ///
    /// @param clock dates what is kept of them
    public record Running(Invoke invoke, RunFunction run, OutputStore outputs, PatientIdempotency idempotency,
            InstantSource clock) {
    }

    /// What is known of calls that were made.
    ///
    /// @param checks what has to work for the gateway to be healthy, besides the engine
    public record Watching(ExecutionLog log, CallFeed feed, MemoryTuner tuner, Metrics metrics, List<Check> checks) {
    }
}
