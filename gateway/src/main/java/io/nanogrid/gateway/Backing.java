package io.nanogrid.gateway;

import io.nanogrid.db.Database;
import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobState;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.config.ClusterConfig;
import io.nanogrid.gateway.config.ConfigException;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.deploy.Announcer;
import io.nanogrid.gateway.deploy.Builds;
import io.nanogrid.gateway.deploy.Deployer;
import io.nanogrid.gateway.deploy.FunctionDefinitionReader;
import io.nanogrid.gateway.deploy.FunctionDeployer;
import io.nanogrid.gateway.deploy.LiveFunctions;
import io.nanogrid.gateway.dispatch.Dispatcher;
import io.nanogrid.gateway.dispatch.LocalDispatcher;
import io.nanogrid.gateway.http.Check;
import io.nanogrid.gateway.invoke.OutputStore;
import io.nanogrid.gateway.jobs.UnlistedFunctions;
import io.nanogrid.gateway.limits.RateLimitStore;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.metrics.Metrics;
import io.nanogrid.gateway.pool.InstancePool;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What a process keeps its state in, and what ties it to others. Whoever works with it knows nothing of which there is.
sealed interface Backing permits EmbeddedBacking, ClusterBacking {

    /// How long the results of jobs and the files of calls are kept.
    Duration RESULTS_KEPT = Duration.ofHours(1);

    /// The one that the configuration asks for.
    ///
    /// @param functions that this process knows
    /// @throws ConfigException naming all that the configuration counts on and that isn't there
    static Backing open(GatewayConfig config, DataDirectory data, Wiring.Given given, LiveFunctions functions,
            Closing closing)
            throws IOException, ConfigException {
        ClusterConfig cluster = config.cluster();
        return cluster == null
                ? EmbeddedBacking.open(config, data, given.clock(), closing)
                : new ClusterBacking(cluster, config, data, given, functions, closing);
    }

    /// Dates what is kept, so that others who share it can go by that.
    InstantSource clock();

    Database database();

    CodeStore code();

    OutputStore outputs();

    RateLimitStore limits();

    Announcer announcer();

    /// Where calls run that somebody waits for.
    Dispatcher dispatcher(LocalDispatcher here);

    /// Where jobs that run here are taken from.
    InvocationQueue jobs();

    /// How many jobs there are in each state, for somebody who asks often.
    Supplier<Map<JobState, Long>> jobCounts();

    /// What jobs that run here may say of functions that the database hasn't got.
    UnlistedFunctions unlisted(FunctionDefinitionReader reader, Builds builds, InstancePool pool);

    /// What comes of calls whose records can't be stored as fast as they end.
    ExecutionLog.WhenBehind whenBehind();

    /// Whether a gateway keeps instances for calls and takes jobs, too.
    boolean callsRunHere();

    /// What has to work for this one to work.
    List<Check> checks();

    /// Shows figures that are known here alone.
    void measure(Metrics metrics);

    /// Has this process learn what others change.
    ///
    /// @param callbacks null in a process that serves none
    void follow(@Nullable Deployer callbacks, FunctionDeployer functions, ApiKeys keys);
}
