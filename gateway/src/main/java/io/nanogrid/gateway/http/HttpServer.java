package io.nanogrid.gateway.http;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.javalin.router.JavalinDefaultRoutingApi;
import io.nanogrid.db.Database;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.deploy.DefinitionReader;
import io.nanogrid.gateway.deploy.DeployEvents;
import io.nanogrid.gateway.deploy.Deployer;
import io.nanogrid.gateway.deploy.LiveRoutes;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.invoke.Invoke;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.InstancePool;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.VirtualThreadPool;

/// The gateway's HTTP side: all routes in one table, and the server that serves them, a virtual thread a request.
public final class HttpServer implements AutoCloseable {

    private static final List<HandlerType> METHODS = List.of(HandlerType.GET, HandlerType.HEAD, HandlerType.POST,
            HandlerType.PUT,
            HandlerType.PATCH, HandlerType.DELETE, HandlerType.OPTIONS);

    final Javalin javalin;
    private final Health health;
    private final DeploySocket socket;

    /// What the handlers work with.
    public record Parts(
            GatewayConfig config,
            String version,
            Database database,
            CodeStore store,
            Engine engine,
            Runtimes runtimes,
            InstancePool pool,
            DefinitionReader definitions,
            Deployer deployer,
            DeployEvents events,
            LiveRoutes routes,
            Invoke invoke) {
    }

    public HttpServer(Parts parts) {
        this.health = new Health(parts.database, parts.engine, parts.runtimes, parts.pool, parts.version);
        this.socket = new DeploySocket(parts.events);
        this.javalin = Javalin.create(config -> {
            server(config, parts.config);
            routes(config.routes, parts);
        });
    }

    private static void server(JavalinConfig config, GatewayConfig gateway) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.startup.startupWatcherEnabled = false;
        config.jetty.host = gateway.host();
        config.jetty.port = gateway.port();
        // Without a limit of its own: slow calls of one function must not keep others, or /health, from a thread.
        config.jetty.threadPool = new VirtualThreadPool(0);
        config.http.maxRequestSize = gateway.maxBodyBytes();
        config.http.prefer405over404 = true;
        // An open deploy stream must not be cut by the idle timeout of asynchronous requests.
        config.http.asyncTimeout = 0;
        config.jetty.modifyServer(server -> stopGracefully(server, gateway.drain()));
        config.jetty.modifyHttpConfiguration(http -> {
            http.setSendServerVersion(false);
            http.setSendDateHeader(true);
        });
    }

    /// Stops taking connections at once, and lets calls in flight end.
    private static void stopGracefully(Server server, Duration drain) {
        server.setStopTimeout(drain.toMillis());
        server.insertHandler(new GracefulHandler());
        server.setErrorHandler(new RefusedRequests());
    }

    private void routes(JavalinDefaultRoutingApi routes, Parts parts) {
        Guard guard = new Guard(new ApiKeys(parts.config.apiKeys()), parts.config.trustedOrigins());
        Callbacks callbacks = new Callbacks(parts.database.callbacks(), parts.definitions, parts.store, parts.deployer);
        Problems problems = new Problems(parts.config.maxBodyBytes());
        Deploys deploys = new Deploys(parts.database.callbacks(), callbacks, parts.deployer, parts.events, problems);
        ChatRooms rooms = new ChatRooms(parts.database.chatRooms(), parts.deployer);
        ApiHandler api = new ApiHandler(parts.routes, parts.invoke, guard, new Cors(parts.config.corsOrigins()),
                new CallWriter(parts.config.apiKeys().isEmpty()));
        Docs docs = new Docs();

        routes.before(RequestId::assign);
        routes.exception(Exception.class, problems::answer);
        // Javalin brings a handler of its own for these, which would go first.
        routes.exception(HttpResponseException.class, problems::answer);

        for (HandlerType method : METHODS) {
            routes.addHttpHandler(method, "/api/*", api::handle);
        }

        routes.get("/callbacks", managed(guard, callbacks::list));
        routes.post("/callbacks", managed(guard, callbacks::post));
        routes.get("/callbacks/{id}", managed(guard, callbacks::get));
        routes.put("/callbacks/{id}", managed(guard, callbacks::put));
        routes.delete("/callbacks/{id}", managed(guard, callbacks::delete));
        routes.post("/callbacks/{id}/rollback", managed(guard, callbacks::rollback));
        routes.post("/callback/deploy", managed(guard, deploys::deploy));
        routes.post("/deploy", managed(guard, deploys::deployLater));
        routes.wsBeforeUpgrade("/deploy/ws", ctx -> {
            RequestId.assign(ctx);
            guard.requireManager(ctx);
        });
        routes.ws("/deploy/ws", socket::configure);

        routes.get("/chatroom", managed(guard, rooms::list));
        routes.post("/chatroom", managed(guard, rooms::post));
        routes.get("/chatroom/{chat_id}", managed(guard, rooms::get));
        routes.put("/chatroom/{chat_id}", managed(guard, rooms::put));
        routes.delete("/chatroom/{chat_id}", managed(guard, rooms::delete));

        routes.get("/health", health::get);
        routes.get("/health/live", health::live);

        routes.get("/", docs::home);
        routes.get("/docs", docs::page);
        routes.get("/docs/{file}", docs::file);
        routes.get("/openapi.json", docs::document);
    }

    private static Handler managed(Guard guard, Handler handler) {
        return (Context ctx) -> {
            guard.requireManager(ctx);
            handler.handle(ctx);
        };
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
        javalin.stop();
    }
}
