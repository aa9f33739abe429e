package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.db.Access;
import io.nanogrid.gateway.deploy.LiveRoutes;
import io.nanogrid.gateway.dispatch.Route;
import io.nanogrid.gateway.invoke.Invoke;
import io.nanogrid.gateway.routes.RouteTable.Match;
import io.nanogrid.gateway.limits.RateLimitStore.Decision;
import java.io.IOException;
import java.util.Map;

/// `ANY /api/<path>`: runs the callback behind the path.
final class ApiHandler {

    static final String PREFIX = "/api/";

    private final LiveRoutes routes;
    private final Invoke invoke;
    private final Guard guard;
    private final Callers callers;
    private final RateLimiting limits;
    private final Cors cors;
    private final CallWriter writer;

    ApiHandler(LiveRoutes routes, Invoke invoke, Guard guard, Callers callers, RateLimiting limits, Cors cors,
            CallWriter writer) {
        this.routes = routes;
        this.invoke = invoke;
        this.guard = guard;
        this.callers = callers;
        this.limits = limits;
        this.cors = cors;
        this.writer = writer;
    }

    void handle(Context ctx) throws InterruptedException, IOException {
        if (cors.answered(ctx)) {
            return;
        }
        String uri = ctx.req().getRequestURI();
        switch (find(ctx.req().getMethod(), uri.substring(PREFIX.length()))) {
            case Match.Found<Route>(Route route, Map<String, String> parameters) -> {
                if (route.auth() == Access.KEY) {
                    guard.requireKeyOfCallback(ctx);
                }
                Integer perMinute = route.rateLimit();
                if (perMinute == null) {
                    run(ctx, route, parameters);
                } else {
                    Decision decision = limits.require(ctx, "callback:" + route.callbackId(), perMinute);
                    run(ctx, route, parameters);
                    // Instead of what the function may have answered under these names.
                    RateLimiting.say(ctx, perMinute, decision);
                }
            }
            case Match.WrongMethod<Route>(var allowed) -> {
                ctx.header("Allow", String.join(", ", allowed));
                throw Problem.methodNotAllowed("this path takes " + String.join(", ", allowed)).thrown();
            }
            case Match.NotFound<Route>() -> throw Problem.notFound("no callback is deployed at this path").thrown();
        }
    }

    private void run(Context ctx, Route route, Map<String, String> parameters)
            throws InterruptedException, IOException {
        writer.write(ctx, invoke.invoke(route, CallReader.read(ctx, parameters, callers.address(ctx))));
    }

    private Match<Route> find(String method, String path) {
        try {
            return routes.table().find(method, path);
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest("bad_path", String.valueOf(e.getMessage())).thrown();
        }
    }
}
