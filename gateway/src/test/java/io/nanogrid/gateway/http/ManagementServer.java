package io.nanogrid.gateway.http;

import io.nanogrid.db.Database;
import io.nanogrid.db.sqlite.SqliteDatabase;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.auth.KeyVault;
import io.nanogrid.gateway.aws.SigV4Verifier;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.code.DirectoryCodeStore;
import io.nanogrid.gateway.config.GatewayConfig;
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
import io.nanogrid.gateway.engine.NoEngine;
import io.nanogrid.gateway.invoke.Invoke;
import io.nanogrid.gateway.invoke.MemoryTuner;
import io.nanogrid.gateway.invoke.OutputStore;
import io.nanogrid.gateway.invoke.RunFunction;
import io.nanogrid.gateway.limits.MemoryRateLimitStore;
import io.nanogrid.gateway.logs.CallFeed;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.metrics.Metrics;
import io.nanogrid.gateway.plugins.PluginLoader;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.InstanceFactory;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.PoolConfig;
import io.nanogrid.gateway.wire.OutputPump;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A whole gateway on a free port, on a machine that has no engine: all of it can be managed, and no function can run.
final class ManagementServer implements AutoCloseable {

    final HttpServer http;
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final HttpClient client = HttpClient.newHttpClient();
    private final URI base;

    /// @param settings configuration besides the port and the directories
    ManagementServer(Path directory, Map<String, String> settings) throws Exception {
        Map<String, String> environment = new HashMap<>(settings);
        environment.put("PORT", "0");
        environment.put("DATA_DIR", directory.toString());
        GatewayConfig config = GatewayConfig.read(environment, 1024);
        InstantSource clock = InstantSource.system();
        Database database = closing(SqliteDatabase.open(directory));
        ApiKeys keys = new ApiKeys(config.apiKeys(), database.keys(), new KeyVault(directory.resolve("secret")), clock);
        CodeStore store = new DirectoryCodeStore(directory.resolve("code"), clock);
        // Where the build puts the runtimes that come with the gateway.
        Runtimes runtimes = closing(new PluginLoader(List.of(Path.of("target", "plugins")), "0.1.0")).load();
        Engine engine = new NoEngine();
        PoolConfig poolConfig = PoolConfig.withBudget(config.memoryBudgetMb(), config.maxBodyBytes());
        OutputPump pump = closing(new OutputPump());
        Path instances = Files.createDirectories(directory.resolve("instances"));
        InstancePool pool = closing(
                new InstancePool(closing(new InstanceFactory(engine, poolConfig, instances, pump)), poolConfig));
        ExecutionLog log = closing(new ExecutionLog(database.executions(), config.logRetention(), clock));
        LocalDispatcher dispatcher = new LocalDispatcher(pool, clock, config.maxBodyBytes(), poolConfig.outputBytes());
        OutputStore outputs = new OutputStore(directory.resolve("outputs"), 1 << 20, Duration.ofHours(1), clock);
        LiveRoutes routes = new LiveRoutes();
        DeployEvents events = new DeployEvents();
        LiveFunctions functions = new LiveFunctions();
        Builds builds = new Builds(database.callbacks(), store, runtimes, engine, pool, routes, functions);
        RuntimeTypes types = new RuntimeTypes(runtimes, engine);
        Deployer deployer = new Deployer(database.callbacks(), database.functions(), builds, pool, routes, functions,
                events);
        FunctionCatalog catalog = new FunctionCatalog(database.functions(), builds, pool, functions);
        FunctionDeployer functionDeployer = new FunctionDeployer(database.functions(), builds, pool, functions);
        Path uploads = Files.createDirectories(directory.resolve("uploads"));
        MemoryTuner tuner = new MemoryTuner(log, database.executions());
        http = closing(new HttpServer(new Parts(config, "test", database,
                new Parts.Access(keys, new SigV4Verifier(keys, clock), new MemoryRateLimitStore()),
                new Parts.Platform(engine, runtimes, pool),
                new Parts.Deploying(store, uploads, new DefinitionReader(types, store), deployer,
                        new FunctionDefinitionReader(types, store), functionDeployer, catalog, events, routes),
                new Parts.Running(new Invoke(dispatcher, log, clock),
                        new RunFunction(dispatcher, log, outputs, tuner), outputs),
                new Parts.Watching(log, new CallFeed(), tuner, closing(new Metrics()))), KeptConnections.usual()));
        base = URI.create("http://127.0.0.1:" + http.start());
    }

    private <T extends AutoCloseable> T closing(T part) {
        parts.push(part);
        return part;
    }

    /// @param path as it is to be sent, escaped
    /// @param json a body, or an empty text for none
    HttpResponse<String> send(String method, String path, String json, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
                .method(method, json.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(json));
        if (!json.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path, String... headers) throws Exception {
        return send("GET", path, "", headers);
    }

    /// A request byte for byte, as no HTTP client would send it; it has to ask for the connection to be closed.
    String raw(String request) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    Socket connect() throws IOException {
        Socket socket = new Socket(base.getHost(), base.getPort());
        socket.setSoTimeout(10_000);
        return socket;
    }

    @Override
    public void close() throws Exception {
        client.close();
        while (!parts.isEmpty()) {
            parts.pop().close();
        }
    }
}
