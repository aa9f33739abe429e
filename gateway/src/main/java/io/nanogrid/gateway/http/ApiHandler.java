package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.db.Access;
import io.nanogrid.gateway.deploy.LiveRoutes;
import io.nanogrid.gateway.dispatch.Route;
import io.nanogrid.gateway.invoke.Invoke;
import io.nanogrid.gateway.routes.RouteTable.Match;
import java.io.IOException;
import java.util.Map;

/// `ANY /api/<path>`: runs the callback behind the path.
final class ApiHandler {

    static final String PREFIX = "/api/";

    private final LiveRoutes routes;
    private final Invoke invoke;
    private final Guard guard;
    private final Cors cors;
    private final CallWriter writer;

    ApiHandler(LiveRoutes routes, Invoke invoke, Guard guard, Cors cors, CallWriter writer) {
        this.routes = routes;
        this.invoke = invoke;
        this.guard = guard;
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
                writer.write(ctx, invoke.invoke(route, CallReader.read(ctx, parameters)));
            }
            case Match.WrongMethod<Route>(var allowed) -> {
                ctx.header("Allow", String.join(", ", allowed));
                throw Problem.methodNotAllowed("this path takes " + String.join(", ", allowed)).thrown();
            }
            case Match.NotFound<Route>() -> throw Problem.notFound("no callback is deployed at this path").thrown();
        }
    }

    private Match<Route> find(String method, String path) {
        try {
            return routes.table().find(method, path);
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest("bad_path", String.valueOf(e.getMessage())).thrown();
        }
    }
}
