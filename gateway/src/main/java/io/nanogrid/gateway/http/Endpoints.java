package io.nanogrid.gateway.http;

import io.javalin.config.JavalinConfig;
import io.javalin.http.Handler;
import io.javalin.http.HttpResponseException;
import io.javalin.router.JavalinDefaultRoutingApi;
import io.nanogrid.db.Database;
import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.Scope;
import io.nanogrid.gateway.http.Parts.Deploying;
import io.nanogrid.gateway.http.Parts.Platform;
import io.nanogrid.gateway.http.Parts.Watching;

/// Every route besides `/api/<path>`: who may call it, and whether it is counted in what a client may call in a minute.
final class Endpoints {

    private final JavalinDefaultRoutingApi routes;
    private final Parts parts;
    private final Guard guard;
    private final CallLimit limit;

    private Endpoints(JavalinDefaultRoutingApi routes, Parts parts, Guard guard, CallLimit limit) {
        this.routes = routes;
        this.parts = parts;
        this.guard = guard;
        this.limit = limit;
    }

    /// Adds them all.
    static void add(JavalinConfig config, Parts parts, Common common, Health health, DeploySocket socket, Logs logs) {
        Endpoints endpoints = new Endpoints(config.routes, parts, common.guard(), common.limit());
        endpoints.general(common.problems(), health);
        endpoints.callbacks(common.problems(), socket);
        endpoints.functions();
        endpoints.runs(common.callers(), common.idempotency());
        endpoints.watching(config, logs);
        endpoints.keys();
    }

    private void general(Problems problems, Health health) {
        Docs docs = new Docs();
        routes.before(RequestId::assign);
        routes.exception(Exception.class, problems::answer);
        // Javalin brings a handler of its own for these, which would go first.
        routes.exception(HttpResponseException.class, problems::answer);

        get("/health", health::get);
        get("/health/live", health::live);

        get("/", docs::home);
        get("/docs", docs::page);
        get("/docs/{file}", docs::file);
        get("/openapi.json", docs::document);
    }

    private void callbacks(Problems problems, DeploySocket socket) {
        Database database = parts.database();
        Deploying deploying = parts.deploying();
        Callbacks callbacks = new Callbacks(database.callbacks(), deploying.definitions(), deploying.store(),
                deploying.deployer(), deploying.catalog(), parts.watching().feed());
        Deploys deploys = new Deploys(database.callbacks(), callbacks, deploying.deployer(), deploying.events(),
                problems);
        ChatRooms rooms = new ChatRooms(database.chatRooms(), deploying.deployer(), parts.watching().feed());

        get("/callbacks", managed(Scope.READ, callbacks::list));
        routes.post("/callbacks", managed(Scope.DEPLOY, callbacks::post));
        get("/callbacks/{id}", managed(Scope.READ, callbacks::get));
        routes.put("/callbacks/{id}", managed(Scope.DEPLOY, callbacks::put));
        routes.delete("/callbacks/{id}", managed(Scope.DEPLOY, callbacks::delete));
        routes.post("/callbacks/{id}/rollback", managed(Scope.DEPLOY, callbacks::rollback));
        routes.post("/callback/deploy", managed(Scope.DEPLOY, deploys::deploy));
        routes.post("/deploy", managed(Scope.DEPLOY, deploys::deployLater));
        routes.wsBeforeUpgrade("/deploy/ws", ctx -> {
            RequestId.assign(ctx);
            guard.require(ctx, Scope.READ);
        });
        routes.ws("/deploy/ws", socket::configure);

        get("/chatroom", managed(Scope.READ, rooms::list));
        routes.post("/chatroom", managed(Scope.DEPLOY, rooms::post));
        get("/chatroom/{chat_id}", managed(Scope.READ, rooms::get));
        routes.put("/chatroom/{chat_id}", managed(Scope.DEPLOY, rooms::put));
        routes.delete("/chatroom/{chat_id}", managed(Scope.DEPLOY, rooms::delete));
    }

    private void functions() {
        Deploying deploying = parts.deploying();
        Functions functions = new Functions(parts.database().functions(), deploying.functionDefinitions(),
                deploying.functionDeployer(), deploying.store(), deploying.uploads(), parts.config().maxBodyBytes(),
                parts.watching().feed());
        Platform platform = parts.platform();
        RuntimeList runtimes = new RuntimeList(platform.runtimes(), platform.engine());

        get("/functions", managed(Scope.READ, functions::list));
        routes.post("/functions", limited(Scope.DEPLOY, functions::post));
        routes.post("/upload", limited(Scope.DEPLOY, functions::post));
        get("/functions/{id}", managed(Scope.READ, functions::get));
        routes.put("/functions/{id}", limited(Scope.DEPLOY, functions::put));
        routes.delete("/functions/{id}", limited(Scope.DEPLOY, functions::delete));
        get("/runtimes", managed(Scope.READ, runtimes::get));
    }

    private void runs(Callers callers, Idempotency idempotency) {
        InvocationQueue queue = parts.database().queue();
        int maxQueuedJobs = parts.config().maxQueuedJobs();
        Run run = new Run(parts.deploying().catalog(), parts.running().run(), queue, maxQueuedJobs, callers,
                idempotency);
        Jobs jobs = new Jobs(parts.database().jobs(), queue, maxQueuedJobs);
        Outputs outputs = new Outputs(parts.running().outputs());
        Lambda lambda = new Lambda(new LambdaAccess(guard, parts.access().keys(), parts.access().signatures()), limit,
                parts.deploying().catalog(), parts.running().run(), queue, maxQueuedJobs);

        routes.post("/run", limited(Scope.INVOKE, run::post));
        routes.post(Lambda.PATH, lambda::invoke);
        // Whoever may make calls may see what came of them.
        get("/status/{jobId}", managed(jobs::status, Scope.INVOKE, Scope.READ));
        get("/outputs/{requestId}/<file>", managed(outputs::get, Scope.INVOKE, Scope.READ));
        get("/jobs", managed(Scope.READ, jobs::list));
        routes.post("/jobs/{id}/retry", managed(Scope.INVOKE, jobs::retry));
    }

    /// What calls have done and do.
    private void watching(JavalinConfig config, Logs logs) {
        Watching watching = parts.watching();
        MetricsPage page = new MetricsPage(watching.metrics());
        config.requestLogger.http(page::count);
        Tuning tuning = new Tuning(parts.database().functions(), watching.tuner());

        get("/metrics", managed(Scope.READ, page::get));
        get("/functions/{id}/logs", managed(Scope.READ, logs::ofFunction));
        get("/functions/{id}/logs/stream", managed(Scope.READ, logs::streamOfFunction));
        get("/functions/{id}/tuning", managed(Scope.READ, tuning::get));
        get("/callbacks/{id}/logs", managed(Scope.READ, logs::ofCallback));
        get("/callbacks/{id}/logs/stream", managed(Scope.READ, logs::streamOfCallback));
        get("/api/functions/{id}/logs", managed(Scope.READ, logs::ofFunction));
    }

    private void keys() {
        Keys keys = new Keys(parts.access().keys());

        get("/keys", managed(Scope.ADMIN, keys::list));
        routes.post("/keys", managed(Scope.ADMIN, keys::post));
        routes.delete("/keys/{name}", managed(Scope.ADMIN, keys::delete));
    }

    /// HEAD is answered as GET is. Left to Javalin it would be 200 for every path that has a GET, an unhealthy `/health` too.
    private void get(String path, Handler handler) {
        routes.get(path, handler);
        routes.head(path, handler);
    }

    private Handler managed(Scope scope, Handler handler) {
        return managed(handler, scope);
    }

    private Handler managed(Handler handler, Scope... anyOf) {
        return ctx -> {
            guard.require(ctx, anyOf);
            handler.handle(ctx);
        };
    }

    private Handler limited(Scope scope, Handler handler) {
        return managed(scope, ctx -> {
            limit.require(ctx);
            handler.handle(ctx);
        });
    }
}
