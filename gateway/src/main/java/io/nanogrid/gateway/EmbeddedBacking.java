package io.nanogrid.gateway;

import io.nanogrid.db.Database;
import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobState;
import io.nanogrid.db.sqlite.SqliteDatabase;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.code.DirectoryCodeStore;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.deploy.Announcer;
import io.nanogrid.gateway.deploy.Builds;
import io.nanogrid.gateway.deploy.Deployer;
import io.nanogrid.gateway.deploy.FunctionDefinitionReader;
import io.nanogrid.gateway.deploy.FunctionDeployer;
import io.nanogrid.gateway.dispatch.Dispatcher;
import io.nanogrid.gateway.dispatch.LocalDispatcher;
import io.nanogrid.gateway.http.Check;
import io.nanogrid.gateway.invoke.DirectoryOutputStore;
import io.nanogrid.gateway.invoke.OutputStore;
import io.nanogrid.gateway.jobs.UnlistedFunctions;
import io.nanogrid.gateway.limits.MemoryRateLimitStore;
import io.nanogrid.gateway.limits.RateLimitStore;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.metrics.Metrics;
import io.nanogrid.gateway.pool.InstancePool;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Everything in one directory of this machine, for one gateway alone.
record EmbeddedBacking(InstantSource clock, Database database, CodeStore code, OutputStore outputs,
        RateLimitStore limits)
        implements
            Backing {

    static EmbeddedBacking open(GatewayConfig config, DataDirectory data, InstantSource clock, Closing closing)
            throws IOException {
        return new EmbeddedBacking(clock, closing.add(SqliteDatabase.open(data.root())),
                new DirectoryCodeStore(data.code(), clock),
                new DirectoryOutputStore(data.outputs(), config.outputsMaxBytes(), RESULTS_KEPT, clock),
                new MemoryRateLimitStore());
    }

    /// Nobody is there to be told.
    @Override
    public Announcer announcer() {
        return _ -> {
        };
    }

    @Override
    public Dispatcher dispatcher(LocalDispatcher here) {
        return here;
    }

    @Override
    public InvocationQueue jobs() {
        return database.queue();
    }

    @Override
    public Supplier<Map<JobState, Long>> jobCounts() {
        return database.jobs()::counts;
    }

    @Override
    public UnlistedFunctions unlisted(FunctionDefinitionReader reader, Builds builds, InstancePool pool) {
        return _ -> null;
    }

    @Override
    public ExecutionLog.WhenBehind whenBehind() {
        return ExecutionLog.WhenBehind.CALLS_WAIT;
    }

    @Override
    public boolean callsRunHere() {
        return true;
    }

    @Override
    public List<Check> checks() {
        return List.of(new Check("database", "the data can't be read and written", database::healthy));
    }

    @Override
    public void measure(Metrics metrics) {
        // What one gateway has is known to its parts.
    }

    @Override
    public void follow(@Nullable Deployer callbacks, FunctionDeployer functions, ApiKeys keys) {
        // Nobody else changes anything.
    }
}
