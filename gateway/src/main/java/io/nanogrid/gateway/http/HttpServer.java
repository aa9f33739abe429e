package io.nanogrid.gateway.http;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.HttpResponseException;
import io.javalin.router.JavalinDefaultRoutingApi;
import io.nanogrid.db.Database;
import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.Scope;
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
import io.nanogrid.gateway.invoke.RunFunction;
import io.nanogrid.gateway.limits.RateLimitStore;
import io.nanogrid.gateway.logs.CallFeed;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.metrics.Metrics;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.InstancePool;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.eclipse.jetty.http.UriCompliance.Violation;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.VirtualThreadPool;

/// The gateway's HTTP side: all routes in one table, and the server that serves them, a virtual thread a request.
public final class HttpServer implements AutoCloseable {

    /// In bytes: what a function may say in its headers, and room for the gateway's own.
    private static final int MAX_RESPONSE_HEAD = 32 << 10;

    /// Connections that the kernel holds until they are taken: those beyond are lost for a second, or reset.
    private static final int ACCEPT_QUEUE = 4096;

    final Javalin javalin;
    private final Health health;
    private final DeploySocket socket;
    private final Logs logs;

    /// What the handlers work with.
    public record Parts(
            GatewayConfig config,
            String version,
            Database database,
            ApiKeys keys,
            CodeStore store,
            Engine engine,
            Runtimes runtimes,
            InstancePool pool,
            DefinitionReader definitions,
            Deployer deployer,
            FunctionDefinitionReader functionDefinitions,
            FunctionDeployer functionDeployer,
            FunctionCatalog catalog,
            Path uploads,
            DeployEvents events,
            LiveRoutes routes,
            Invoke invoke,
            RateLimitStore limits,
            SignatureVerifier signatures,
            RunFunction run,
            OutputStore outputs,
            ExecutionLog log,
            CallFeed feed,
            MemoryTuner tuner,
            Metrics metrics) {
    }

    public HttpServer(Parts parts) {
        this.health = new Health(parts.database, parts.engine, parts.runtimes, parts.pool, parts.version);
        this.socket = new DeploySocket(parts.events);
        this.logs = new Logs(parts.database.functions(), parts.database.callbacks(), parts.database.executions(),
                parts.log,
                parts.feed);
        Callers callers = new Callers(parts.keys, parts.config.trustedProxies());
        Idempotency idempotency = new Idempotency(parts.database.idempotency(), InstantSource.system());
        this.javalin = Javalin.create(config -> {
            Problems problems = new Problems(parts.config.maxBodyBytes());
            Guard guard = new Guard(parts.keys, parts.config.managementOrigins());
            server(config, parts.config, api(parts, guard, callers, idempotency, problems));
            CallLimit limit = new CallLimit(new RateLimiting(parts.limits), callers, parts.config.rateLimitPerMinute());
            routes(config.routes, parts, guard, limit, problems);
            runs(config.routes, parts, guard, limit, callers, idempotency);
            observation(config, parts, guard);
        });
    }

    private static void server(JavalinConfig config, GatewayConfig gateway, ApiHandler api) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.startup.startupWatcherEnabled = false;
        config.jetty.addConnector((server, http) -> {
            ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
            connector.setHost(gateway.host());
            connector.setPort(gateway.port());
            connector.setAcceptQueueSize(ACCEPT_QUEUE);
            return connector;
        });
        // Without a limit of its own: slow calls of one function must not keep others, or /health, from a thread.
        config.jetty.threadPool = new VirtualThreadPool(0);
        config.http.maxRequestSize = gateway.maxBodyBytes();
        config.http.prefer405over404 = true;
        // An open deploy stream must not be cut by the idle timeout of asynchronous requests.
        config.http.asyncTimeout = 0;
        config.jetty.modifyServer(server -> {
            server.insertHandler(api);
            stopGracefully(server, gateway.drain());
        });
        config.jetty.modifyHttpConfiguration(http -> {
            http.setSendServerVersion(false);
            http.setSendDateHeader(true);
            http.setMaxResponseHeaderSize(MAX_RESPONSE_HEAD);
            // `%u0041` is nobody's standard, and Javalin fails on it.
            http.setUriCompliance(http.getUriCompliance().without("NO_UTF16", Violation.UTF16_ENCODINGS));
        });
    }

    /// Stops taking connections at once, and lets calls in flight end.
    private static void stopGracefully(Server server, Duration drain) {
        server.setStopTimeout(drain.toMillis());
        server.insertHandler(new GracefulHandler());
        server.setErrorHandler(new RefusedRequests());
    }

    private static ApiHandler api(Parts parts, Guard guard, Callers callers, Idempotency idempotency,
            Problems problems) {
        GatewayConfig config = parts.config;
        RateLimiting limits = new RateLimiting(parts.limits);
        Cors cors = new Cors(config.corsOrigins());
        CallWriter writer = new CallWriter(() -> !parts.keys.required(), cors.configured());
        return new ApiHandler(parts.routes, parts.invoke, guard, callers, limits, cors, idempotency, writer, problems,
                parts.metrics, config.maxBodyBytes());
    }

    private void routes(JavalinDefaultRoutingApi routes, Parts parts, Guard guard, CallLimit limit,
            Problems problems) {
        Callbacks callbacks = new Callbacks(parts.database.callbacks(), parts.definitions, parts.store, parts.deployer,
                parts.catalog);
        Deploys deploys = new Deploys(parts.database.callbacks(), callbacks, parts.deployer, parts.events, problems);
        ChatRooms rooms = new ChatRooms(parts.database.chatRooms(), parts.deployer);
        Functions functions = new Functions(parts.database.functions(), parts.functionDefinitions,
                parts.functionDeployer, parts.store, parts.uploads, parts.config.maxBodyBytes());
        Keys keys = new Keys(parts.keys);
        Docs docs = new Docs();

        routes.before(RequestId::assign);
        routes.exception(Exception.class, problems::answer);
        // Javalin brings a handler of its own for these, which would go first.
        routes.exception(HttpResponseException.class, problems::answer);

        get(routes, "/callbacks", managed(guard, Scope.READ, callbacks::list));
        routes.post("/callbacks", managed(guard, Scope.DEPLOY, callbacks::post));
        get(routes, "/callbacks/{id}", managed(guard, Scope.READ, callbacks::get));
        routes.put("/callbacks/{id}", managed(guard, Scope.DEPLOY, callbacks::put));
        routes.delete("/callbacks/{id}", managed(guard, Scope.DEPLOY, callbacks::delete));
        routes.post("/callbacks/{id}/rollback", managed(guard, Scope.DEPLOY, callbacks::rollback));
        routes.post("/callback/deploy", managed(guard, Scope.DEPLOY, deploys::deploy));
        routes.post("/deploy", managed(guard, Scope.DEPLOY, deploys::deployLater));
        routes.wsBeforeUpgrade("/deploy/ws", ctx -> {
            RequestId.assign(ctx);
            guard.require(ctx, Scope.READ);
        });
        routes.ws("/deploy/ws", socket::configure);

        get(routes, "/chatroom", managed(guard, Scope.READ, rooms::list));
        routes.post("/chatroom", managed(guard, Scope.DEPLOY, rooms::post));
        get(routes, "/chatroom/{chat_id}", managed(guard, Scope.READ, rooms::get));
        routes.put("/chatroom/{chat_id}", managed(guard, Scope.DEPLOY, rooms::put));
        routes.delete("/chatroom/{chat_id}", managed(guard, Scope.DEPLOY, rooms::delete));

        get(routes, "/keys", managed(guard, Scope.ADMIN, keys::list));
        routes.post("/keys", managed(guard, Scope.ADMIN, keys::post));
        routes.delete("/keys/{name}", managed(guard, Scope.ADMIN, keys::delete));

        get(routes, "/functions", managed(guard, Scope.READ, functions::list));
        routes.post("/functions", limited(guard, limit, Scope.DEPLOY, functions::post));
        routes.post("/upload", limited(guard, limit, Scope.DEPLOY, functions::post));
        get(routes, "/functions/{id}", managed(guard, Scope.READ, functions::get));
        routes.put("/functions/{id}", limited(guard, limit, Scope.DEPLOY, functions::put));
        routes.delete("/functions/{id}", limited(guard, limit, Scope.DEPLOY, functions::delete));
        get(routes, "/runtimes", managed(guard, Scope.READ, new RuntimeList(parts.runtimes, parts.engine)::get));

        get(routes, "/health", health::get);
        get(routes, "/health/live", health::live);

        get(routes, "/", docs::home);
        get(routes, "/docs", docs::page);
        get(routes, "/docs/{file}", docs::file);
        get(routes, "/openapi.json", docs::document);
    }

    private static void runs(JavalinDefaultRoutingApi routes, Parts parts, Guard guard, CallLimit limit,
            Callers callers, Idempotency idempotency) {
        InvocationQueue queue = parts.database.queue();
        int maxQueuedJobs = parts.config.maxQueuedJobs();
        Run run = new Run(parts.catalog, parts.run, queue, maxQueuedJobs, callers, idempotency);
        Jobs jobs = new Jobs(parts.database.jobs(), queue, maxQueuedJobs);
        Outputs outputs = new Outputs(parts.outputs);
        Lambda lambda = new Lambda(new LambdaAccess(guard, parts.keys, parts.signatures), limit, parts.catalog,
                parts.run, queue, maxQueuedJobs);

        routes.post("/run", limited(guard, limit, Scope.INVOKE, run::post));
        routes.post(Lambda.PATH, lambda::invoke);
        // Whoever may make calls may see what came of them.
        get(routes, "/status/{jobId}", managed(guard, jobs::status, Scope.INVOKE, Scope.READ));
        get(routes, "/outputs/{requestId}/<file>", managed(guard, outputs::get, Scope.INVOKE, Scope.READ));
        get(routes, "/jobs", managed(guard, Scope.READ, jobs::list));
        routes.post("/jobs/{id}/retry", managed(guard, Scope.INVOKE, jobs::retry));
    }

    /// What calls have done and do.
    private void observation(JavalinConfig config, Parts parts, Guard guard) {
        MetricsPage page = new MetricsPage(parts.metrics);
        config.requestLogger.http(page::count);
        Tuning tuning = new Tuning(parts.database.functions(), parts.tuner);
        JavalinDefaultRoutingApi routes = config.routes;
        get(routes, "/metrics", managed(guard, Scope.READ, page::get));
        get(routes, "/functions/{id}/logs", managed(guard, Scope.READ, logs::ofFunction));
        get(routes, "/functions/{id}/logs/stream", managed(guard, Scope.READ, logs::streamOfFunction));
        get(routes, "/functions/{id}/tuning", managed(guard, Scope.READ, tuning::get));
        get(routes, "/callbacks/{id}/logs", managed(guard, Scope.READ, logs::ofCallback));
        get(routes, "/callbacks/{id}/logs/stream", managed(guard, Scope.READ, logs::streamOfCallback));
        get(routes, "/api/functions/{id}/logs", managed(guard, Scope.READ, logs::ofFunction));
    }

    /// HEAD is answered as GET is. Left to Javalin it would be 200 for every path that has a GET, an unhealthy `/health` too.
    private static void get(JavalinDefaultRoutingApi routes, String path, Handler handler) {
        routes.get(path, handler);
        routes.head(path, handler);
    }

    private static Handler managed(Guard guard, Scope scope, Handler handler) {
        return managed(guard, handler, scope);
    }

    private static Handler managed(Guard guard, Handler handler, Scope... anyOf) {
        return (Context ctx) -> {
            guard.require(ctx, anyOf);
            handler.handle(ctx);
        };
    }

    /// Counted in what the client may call in a minute.
    private static Handler limited(Guard guard, CallLimit limit, Scope scope, Handler handler) {
        return managed(guard, scope, ctx -> {
            limit.require(ctx);
            handler.handle(ctx);
        });
    }

    /// Listens from here on.
    ///
    /// @return the port, which is the configured one unless that is 0
    public int start() {
        javalin.start();
        return javalin.port();
    }

    /// Takes no more connections, reports itself as unhealthy, and waits for calls in flight as long as the configuration says.
    @Override
    public void close() {
        health.stopping();
        socket.close();
        logs.close();
        javalin.stop();
    }
}
