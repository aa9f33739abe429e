package io.nanogrid.gateway;

import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.Database;
import io.nanogrid.db.Example;
import io.nanogrid.db.sqlite.SqliteDatabase;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.auth.KeyVault;
import io.nanogrid.gateway.aws.SigV4Verifier;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.code.DirectoryCodeStore;
import io.nanogrid.gateway.config.Drain;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.deploy.Announcer;
import io.nanogrid.gateway.deploy.Builds;
import io.nanogrid.gateway.deploy.DefinitionReader;
import io.nanogrid.gateway.deploy.DeployEvents;
import io.nanogrid.gateway.deploy.Deployer;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.deploy.FunctionDefinitionReader;
import io.nanogrid.gateway.deploy.FunctionDeployer;
import io.nanogrid.gateway.deploy.LiveFunctions;
import io.nanogrid.gateway.deploy.LiveRoutes;
import io.nanogrid.gateway.deploy.RuntimeTypes;
import io.nanogrid.gateway.dispatch.LocalDispatcher;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.http.HttpServer;
import io.nanogrid.gateway.http.KeptConnections;
import io.nanogrid.gateway.http.Parts;
import io.nanogrid.gateway.invoke.Invoke;
import io.nanogrid.gateway.invoke.MemoryTuner;
import io.nanogrid.gateway.invoke.DirectoryOutputStore;
import io.nanogrid.gateway.invoke.OutputStore;
import io.nanogrid.gateway.invoke.PatientIdempotency;
import io.nanogrid.gateway.invoke.RunFunction;
import io.nanogrid.gateway.jobs.Cleaner;
import io.nanogrid.gateway.jobs.JobRunner;
import io.nanogrid.gateway.limits.MemoryRateLimitStore;
import io.nanogrid.gateway.logs.CallFeed;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.metrics.Metrics;
import io.nanogrid.gateway.plugins.PluginLoader;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.InstanceFactory;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.PoolConfig;
import io.nanogrid.gateway.routes.RoutePath;
import io.nanogrid.gateway.wire.OutputPump;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Puts a gateway together, from the bottom to the top, and takes it apart in reverse. The only place where that is done.
public final class Wiring implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Wiring.class);
    private static final String SPI_VERSION = "0.1.0";

    /// How long the results of jobs and the files of calls are kept.
    private static final Duration RESULTS_KEPT = Duration.ofHours(1);

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final HttpServer http;
    private final int port;

    /// What the configuration doesn't decide.
    ///
    /// @param engine the engine to use; null for the one that the configuration asks for
    public record Given(@Nullable Engine engine, KeptConnections connections) {

        static Given nothing() {
            return new Given(null, KeptConnections.usual());
        }
    }

    /// Starts a gateway; when this returns, it serves.
    ///
    /// @param bundledPlugins the directory of the plugins that come with the gateway
    /// @throws DataDirectory.InUse if another gateway works on the same `DATA_DIR`
    public Wiring(GatewayConfig config, Path bundledPlugins, String version, Given given)
            throws IOException, EngineException, InterruptedException, DataDirectory.InUse {
        boolean complete = false;
        try {
            http = build(config, bundledPlugins, version, given);
            port = http.start();
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    private HttpServer build(GatewayConfig config, Path bundledPlugins, String version, Given given)
            throws IOException, EngineException, InterruptedException, DataDirectory.InUse {
        InstantSource clock = InstantSource.system();
        DataDirectory data = closing(DataDirectory.open(config.dataDirectory(), config.runDirectory()));
        Database database = closing(SqliteDatabase.open(data.root()));
        ApiKeys keys = new ApiKeys(config.apiKeys(), database.keys(), new KeyVault(data.secret()), clock);
        CodeStore store = new DirectoryCodeStore(data.code(), clock);
        addExamples(database, store);
        PluginLoader plugins = closing(
                new PluginLoader(List.of(config.pluginsDirectory(), bundledPlugins), SPI_VERSION));
        Runtimes runtimes = plugins.load();

        EngineChooser engines = new EngineChooser(config, data, runtimes, version);
        Engine engine = closing(given.engine() != null ? given.engine() : engines.choose());
        engine.reconcile();
        closing(engines.removeLeftoversOfTheOther(engine));
        PoolConfig poolConfig = PoolConfig.withBudget(config.memoryBudgetMb(), config.maxBodyBytes());
        OutputPump pump = closing(new OutputPump());
        InstanceFactory factory = closing(new InstanceFactory(engine, poolConfig, data.instances(), pump));
        InstancePool pool = closing(new InstancePool(factory, poolConfig));

        ExecutionLog log = closing(new ExecutionLog(database.executions(), config.logRetention(), clock));
        Metrics metrics = closing(new Metrics());
        log.listen(metrics.calls()::ended);
        CallFeed feed = new CallFeed();
        log.listen(feed::publish);
        MemoryTuner tuner = new MemoryTuner(log, database.executions());
        LocalDispatcher dispatcher = new LocalDispatcher(pool, clock, poolConfig.resultBytes(),
                poolConfig.outputBytes());
        LiveRoutes routes = new LiveRoutes();
        routes.listen(metrics.requests()::serving);
        DeployEvents events = new DeployEvents();
        LiveFunctions functions = new LiveFunctions();
        Builds builds = new Builds(database.callbacks(), store, runtimes, engine, pool, routes, functions);
        RuntimeTypes types = new RuntimeTypes(runtimes, engine);
        builds.listen(end -> metrics.build(end.result(), end.cached(), end.took()));
        Gauges.measure(metrics, pool, poolConfig, database.jobs());
        Announcer announcer = _ -> {
        };
        Deployer deployer = new Deployer(database.callbacks(), database.functions(), builds, pool, routes, functions,
                events, announcer);
        FunctionCatalog catalog = new FunctionCatalog(database.functions(), builds, pool, functions, announcer);
        FunctionDeployer functionDeployer = new FunctionDeployer(database.functions(), builds, pool, functions, announcer);
        deployer.restore();
        functionDeployer.restore();
        stock(engine, runtimes, pool);

        OutputStore outputs = new DirectoryOutputStore(data.outputs(), config.outputsMaxBytes(), RESULTS_KEPT, clock);
        RunFunction run = new RunFunction(dispatcher, log, outputs, tuner);
        PatientIdempotency idempotency = closing(new PatientIdempotency(database.idempotency()));
        idempotency.recover();
        closing(new Cleaner(database.jobs(), idempotency, outputs, RESULTS_KEPT, clock));
        // Jobs that run and calls in flight have the same time to end in.
        Drain drain = new Drain(config.drain());
        JobRunner jobs = closing(new JobRunner(database.queue(), catalog, run, poolConfig.mostInstances(),
                poolConfig.defaultConcurrency(), drain));

        HttpServer server = closing(new HttpServer(new Parts(config, version, database,
                new Parts.Access(keys, new SigV4Verifier(keys, clock), new MemoryRateLimitStore()),
                new Parts.Platform(engine, runtimes, pool),
                new Parts.Deploying(store, data.uploads(), new DefinitionReader(types, store), deployer,
                        new FunctionDefinitionReader(types, store), functionDeployer, catalog, events, routes),
                new Parts.Running(new Invoke(dispatcher, log, clock), run, outputs, idempotency),
                new Parts.Watching(log, feed, tuner, metrics)), given.connections(), drain));
        AutoCloseable noMoreJobs = jobs::drain;
        closing(noMoreJobs);
        jobs.start();
        return server;
    }

    /// The original's two examples, for a database that has never had a callback.
    private static void addExamples(Database database, CodeStore store) throws IOException {
        if (database.callbacks().untouched()) {
            List<CallbackDraft> drafts = new ArrayList<>();
            for (Example example : Example.all()) {
                CodeBundle code = CodeBundle.ofText(example.fileName(), example.source());
                store.put(code);
                drafts.add(example.draft(RoutePath.parse(example.path()).key(), code.hash()));
            }
            database.callbacks().seed(drafts);
        }
    }

    /// Has an instance of each runtime made in the background, for the first function that comes.
    private static void stock(Engine engine, Runtimes runtimes, InstancePool pool) {
        for (RuntimeDescriptor runtime : runtimes.all()) {
            Thread.startVirtualThread(() -> {
                try {
                    engine.prepare(runtime, line -> LOG.info("{}: {}", runtime.id(), line));
                    pool.stock(runtime);
                } catch (EngineException | InterruptedException e) {
                    LOG.warn("The runtime {} can't be used yet: {}", runtime.id(), e.getMessage());
                }
            });
        }
    }

    /// The port it listens on.
    public int port() {
        return port;
    }

    public HttpServer http() {
        return http;
    }

    private <T extends AutoCloseable> T closing(T part) {
        parts.push(part);
        return part;
    }

    /// Finishes calls in flight, stops all instances, and frees everything. Idempotent.
    @Override
    public void close() {
        while (!parts.isEmpty()) {
            AutoCloseable part = parts.pop();
            try {
                part.close();
            } catch (Exception e) {
                LOG.error("{} didn't close", part.getClass().getSimpleName(), e);
            }
        }
    }
}
