package io.nanogrid.gateway;

import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.Database;
import io.nanogrid.db.Example;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.auth.KeyVault;
import io.nanogrid.gateway.aws.SigV4Verifier;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.config.ConfigException;
import io.nanogrid.gateway.config.Drain;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.deploy.Announcer;
import io.nanogrid.gateway.deploy.Builds;
import io.nanogrid.gateway.deploy.Change;
import io.nanogrid.gateway.deploy.DefinitionReader;
import io.nanogrid.gateway.deploy.DeployEvents;
import io.nanogrid.gateway.deploy.Deployer;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.deploy.FunctionDefinitionReader;
import io.nanogrid.gateway.deploy.FunctionDeployer;
import io.nanogrid.gateway.deploy.LiveFunctions;
import io.nanogrid.gateway.deploy.LiveRoutes;
import io.nanogrid.gateway.deploy.RuntimeTypes;
import io.nanogrid.gateway.dispatch.Dispatcher;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.http.HttpServer;
import io.nanogrid.gateway.http.KeptConnections;
import io.nanogrid.gateway.http.Parts;
import io.nanogrid.gateway.invoke.Invoke;
import io.nanogrid.gateway.invoke.MemoryTuner;
import io.nanogrid.gateway.invoke.PatientIdempotency;
import io.nanogrid.gateway.invoke.RunFunction;
import io.nanogrid.gateway.jobs.Cleaner;
import io.nanogrid.gateway.jobs.JobRunner;
import io.nanogrid.gateway.logs.CallFeed;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.metrics.Metrics;
import io.nanogrid.gateway.routes.RoutePath;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Puts a gateway together, from the bottom to the top, and takes it apart in reverse.
public final class Wiring implements Service {

    private final Closing closing = new Closing();
    private final HttpServer http;
    private final int port;

    /// What the configuration doesn't decide.
    ///
    /// @param engine the engine to use; null for the one that the configuration asks for
    /// @param clock this machine's
    /// @param deadAfter how long after a worker has died others get the calls that it had; it takes twice that for jobs
    /// @param beat how soon a gateway sees what other gateways have changed and it wasn't told of
    public record Given(@Nullable Engine engine, KeptConnections connections, InstantSource clock, Duration deadAfter,
            Duration beat) {

        /// Somebody waits for a call, so it mustn't be long.
        private static final Duration DEAD_AFTER = Duration.ofSeconds(15);
        static final Duration BEAT = Duration.ofSeconds(5);

        public Given(@Nullable Engine engine, KeptConnections connections) {
            this(engine, connections, InstantSource.system(), DEAD_AFTER, BEAT);
        }

        static Given nothing() {
            return new Given(null, KeptConnections.usual());
        }
    }

    /// Starts a gateway; when this returns, it serves.
    ///
    /// @param bundledPlugins the directory of the plugins that come with the gateway
    /// @throws DataDirectory.InUse if another gateway works on the same `DATA_DIR`
    /// @throws ConfigException naming all that the configuration counts on and that isn't there
    public Wiring(GatewayConfig config, Path bundledPlugins, String version, Given given)
            throws IOException, EngineException, InterruptedException, DataDirectory.InUse, ConfigException {
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
            throws IOException, EngineException, InterruptedException, DataDirectory.InUse, ConfigException {
        DataDirectory data = closing.add(DataDirectory.open(config.dataDirectory(), config.runDirectory()));
        LiveFunctions functions = new LiveFunctions();
        Backing backing = Backing.open(config, data, given, functions, closing);
        InstantSource clock = backing.clock();
        Database database = backing.database();
        Announcer announcer = backing.announcer();
        ApiKeys keys = new ApiKeys(config.apiKeys(), database.keys(), new KeyVault(data.secret(), config.secret()),
                clock);
        keys.listen(() -> announcer.announce(new Change.Keys()));
        CodeStore store = backing.code();
        addExamples(database, store);
        Machine machine = Machine.start(config, data, bundledPlugins, version, given.engine(), given.clock(), closing);

        ExecutionLog log = closing
                .add(new ExecutionLog(database.executions(), backing.whenBehind(), config.logRetention(), clock));
        Metrics metrics = closing.add(new Metrics());
        log.listen(metrics.calls()::ended);
        Gauges.measure(metrics, log);
        CallFeed feed = new CallFeed();
        log.listen(feed::publish);
        MemoryTuner tuner = new MemoryTuner(log, database.executions());
        LiveRoutes routes = new LiveRoutes();
        routes.listen(metrics.requests()::serving);
        DeployEvents events = new DeployEvents();
        Builds builds = new Builds(database.callbacks(), store, machine.runtimes(), machine.engine(), machine.pool(),
                routes, functions);
        RuntimeTypes types = new RuntimeTypes(machine.runtimes(), machine.engine());
        FunctionDefinitionReader definitions = new FunctionDefinitionReader(types, store);
        builds.listen(end -> metrics.build(end.result(), end.cached(), end.took()));
        Gauges.measure(metrics, machine.pool(), machine.poolConfig());
        Gauges.measureJobs(metrics, backing.jobCounts());
        backing.measure(metrics);
        Deployer deployer = new Deployer(database.callbacks(), database.functions(), builds, machine.pool(), routes,
                functions, events, announcer);
        FunctionCatalog catalog = new FunctionCatalog(database.functions(), builds, machine.pool(), functions,
                announcer);
        FunctionDeployer functionDeployer = new FunctionDeployer(database.functions(), builds, machine.pool(),
                functions, announcer);
        deployer.restore();
        functionDeployer.restore();
        if (backing.callsRunHere()) {
            machine.stock();
        }

        Dispatcher dispatcher = backing.dispatcher(machine.dispatcher());
        RunFunction run = new RunFunction(dispatcher, log, backing.outputs(), tuner);
        PatientIdempotency idempotency = closing.add(new PatientIdempotency(database.idempotency()));
        idempotency.recover();
        closing.add(new Cleaner(database.jobs(), idempotency, backing.outputs(), Backing.RESULTS_KEPT, clock));
        // Jobs that run and calls in flight have the same time to end in.
        Drain drain = new Drain(config.drain());
        JobRunner jobs = backing.callsRunHere()
                ? closing.add(new JobRunner(backing.jobs(), catalog,
                        backing.unlisted(definitions, builds, machine.pool()),
                        new RunFunction(machine.dispatcher(), log, backing.outputs(), tuner),
                        machine.poolConfig().mostInstances(), machine.poolConfig().defaultConcurrency(), drain))
                : null;

        HttpServer server = closing.add(new HttpServer(new Parts(config, version, database,
                new Parts.Access(keys, new SigV4Verifier(keys, clock), backing.limits()), machine.platform(),
                new Parts.Deploying(store, data.uploads(), new DefinitionReader(types, store), deployer,
                        definitions, functionDeployer, catalog, events, routes),
                new Parts.Running(new Invoke(dispatcher, log, clock), run, backing.outputs(), idempotency, clock),
                new Parts.Watching(log, feed, tuner, metrics, backing.checks())), given.connections(), drain));
        backing.follow(deployer, functionDeployer, keys);
        if (jobs != null) {
            AutoCloseable noMoreJobs = jobs::drain;
            closing.add(noMoreJobs);
            jobs.start();
        }
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

    @Override
    public int port() {
        return port;
    }

    public HttpServer http() {
        return http;
    }

    /// Finishes calls in flight, stops all instances, and frees everything. Idempotent.
    @Override
    public void close() {
        closing.close();
    }
}
