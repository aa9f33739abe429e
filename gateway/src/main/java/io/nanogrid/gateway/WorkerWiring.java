package io.nanogrid.gateway;

import io.nanogrid.db.Database;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.auth.KeyVault;
import io.nanogrid.gateway.config.ClusterConfig;
import io.nanogrid.gateway.config.ConfigException;
import io.nanogrid.gateway.config.Drain;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.deploy.Builds;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.deploy.FunctionDefinitionReader;
import io.nanogrid.gateway.deploy.FunctionDeployer;
import io.nanogrid.gateway.deploy.LiveFunctions;
import io.nanogrid.gateway.deploy.LiveRoutes;
import io.nanogrid.gateway.deploy.RuntimeTypes;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.http.WorkerServer;
import io.nanogrid.gateway.invoke.MemoryTuner;
import io.nanogrid.gateway.invoke.RunFunction;
import io.nanogrid.gateway.jobs.JobRunner;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.metrics.Metrics;
import io.nanogrid.gateway.worker.CallRunner;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Objects;

/// Puts a worker together, which runs what gateways have put into the queues, and takes it apart in reverse.
public final class WorkerWiring implements Service {

    private final Closing closing = new Closing();
    private final int port;

    /// Starts a worker; when this returns, it takes calls and jobs.
    ///
    /// @param bundledPlugins the directory of the plugins that come with the gateway
    /// @throws DataDirectory.InUse if another worker or gateway works on the same `DATA_DIR`
    /// @throws ConfigException naming all that the configuration counts on and that isn't there
    public WorkerWiring(GatewayConfig config, Path bundledPlugins, String version, Wiring.Given given)
            throws IOException, EngineException, InterruptedException, DataDirectory.InUse, ConfigException {
        boolean complete = false;
        try {
            port = build(config, bundledPlugins, version, given);
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    private int build(GatewayConfig config, Path bundledPlugins, String version, Wiring.Given given)
            throws IOException, EngineException, InterruptedException, DataDirectory.InUse, ConfigException {
        ClusterConfig cluster = Objects.requireNonNull(config.cluster(), "a worker is part of a cluster");
        DataDirectory data = closing.add(DataDirectory.open(config.dataDirectory(), config.runDirectory()));
        LiveFunctions functions = new LiveFunctions();
        ClusterBacking backing = new ClusterBacking(cluster, config, data, given, functions, closing);
        InstantSource clock = backing.clock();
        Database database = backing.database();
        ApiKeys keys = new ApiKeys(config.apiKeys(), database.keys(), new KeyVault(data.secret(), config.secret()),
                clock);
        Machine machine = Machine.start(config, data, bundledPlugins, version, given.engine(), given.clock(), closing);

        ExecutionLog log = closing
                .add(new ExecutionLog(database.executions(), backing.whenBehind(), config.logRetention(), clock));
        Metrics metrics = closing.add(new Metrics());
        log.listen(metrics.calls()::ended);
        Gauges.measure(metrics, machine.pool(), machine.poolConfig());
        backing.measure(metrics);
        Builds builds = new Builds(database.callbacks(), backing.code(), machine.runtimes(), machine.engine(),
                machine.pool(), new LiveRoutes(), functions);
        FunctionCatalog catalog = new FunctionCatalog(database.functions(), builds, machine.pool(), functions,
                backing.announcer());
        FunctionDeployer followed = new FunctionDeployer(database.functions(), builds, machine.pool(), functions,
                backing.announcer());
        machine.stock();

        RunFunction run = new RunFunction(machine.dispatcher(), log, backing.outputs(),
                new MemoryTuner(log, database.executions()));
        WorkerServer server = closing.add(new WorkerServer(config, version, backing.checks(), machine.platform(), keys,
                metrics, given.connections()));
        Drain drain = new Drain(config.drain());
        JobRunner jobs = closing.add(new JobRunner(backing.jobs(), catalog,
                backing.unlisted(new FunctionDefinitionReader(new RuntimeTypes(machine.runtimes(), machine.engine()),
                        backing.code()), builds, machine.pool()),
                run,
                machine.poolConfig().mostInstances(), machine.poolConfig().defaultConcurrency(), drain));
        CallRunner calls = backing.callRunner(catalog, machine.dispatcher(), machine.poolConfig().mostInstances(),
                config.drain());
        backing.follow(null, followed, keys);
        int listens = server.start();
        calls.start();
        jobs.start();
        backing.beOnTheListOfWorkers(machine.poolConfig()::mostInstances);
        AutoCloseable stopping = () -> {
            server.stopping();
            calls.drain();
            jobs.drain();
        };
        closing.add(stopping);
        return listens;
    }

    @Override
    public int port() {
        return port;
    }

    /// Takes nothing more, lets calls and jobs end for a while, gives the others back, and frees everything. Idempotent.
    @Override
    public void close() {
        closing.close();
    }
}
