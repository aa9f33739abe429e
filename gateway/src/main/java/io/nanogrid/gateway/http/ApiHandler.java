package io.nanogrid.gateway.http;

import io.nanogrid.db.Access;
import io.nanogrid.db.IdempotencyKey;
import io.nanogrid.gateway.deploy.LiveRoutes;
import io.nanogrid.gateway.dispatch.Caller;
import io.nanogrid.gateway.dispatch.Route;
import io.nanogrid.gateway.http.Idempotency.Attempt;
import io.nanogrid.gateway.invoke.HttpCall;
import io.nanogrid.gateway.invoke.Invoke;
import io.nanogrid.gateway.logs.CurrentRequest;
import io.nanogrid.gateway.metrics.Metrics;
import io.nanogrid.gateway.routes.RouteTable.Match;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/// `ANY /api/<path>`: runs the callback behind the path. Stands in front of Javalin, which serves everything else.
final class ApiHandler extends Handler.Wrapper {

    private static final String PREFIX = "/api/";
    static final List<String> METHODS = List.of("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT");

    /// Of the gateway's own.
    private static final String OWN_PREFIX = PREFIX + "functions/";
    private static final Pattern OWN = Pattern.compile(OWN_PREFIX + "[^/]+/logs/?");

    private final LiveRoutes routes;
    private final Invoke invoke;
    private final Guard guard;
    private final Callers callers;
    private final RateLimiting limits;
    private final Cors cors;
    private final Idempotency idempotency;
    private final CallWriter writer;
    private final Problems problems;
    private final Metrics metrics;
    private final int maxBodyBytes;

    ApiHandler(
            LiveRoutes routes,
            Invoke invoke,
            Guard guard,
            Callers callers,
            RateLimiting limits,
            Cors cors,
            Idempotency idempotency,
            CallWriter writer,
            Problems problems,
            Metrics metrics,
            int maxBodyBytes) {
        this.routes = routes;
        this.invoke = invoke;
        this.guard = guard;
        this.callers = callers;
        this.limits = limits;
        this.cors = cors;
        this.idempotency = idempotency;
        this.writer = writer;
        this.problems = problems;
        this.metrics = metrics;
        this.maxBodyBytes = maxBodyBytes;
    }

    /// A call waits for its function.
    @Override
    public InvocationType getInvocationType() {
        return InvocationType.BLOCKING;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        String path = request.getHttpURI().getPath();
        Caller.begin(() -> ClosedConnections.OF_THIS_MACHINE.has(Request.getLocalPort(request),
                Request.getRemoteAddr(request), Request.getRemotePort(request)));
        try {
            if (path == null || !path.startsWith(PREFIX) || isOwn(path)) {
                return super.handle(request, response, callback);
            }
            ApiExchange exchange = new ApiExchange(request, response, callback);
            CurrentRequest.begin(exchange.requestId());
            try {
                handle(exchange);
            } catch (Exception | Error e) {
                exchange.send(problems.problem(e, exchange.method(), path));
            }
            count(exchange);
            return true;
        } finally {
            CurrentRequest.end();
            Caller.end();
        }
    }

    private static boolean isOwn(String path) {
        return path.startsWith(OWN_PREFIX) && OWN.matcher(path).matches();
    }

    private void count(ApiExchange exchange) {
        metrics.requests().call(exchange.method(), exchange.template(), exchange.status(), exchange.elapsedNanos());
        Problem problem = exchange.problem();
        if (problem != null) {
            metrics.error(problem.component().wireName(), problem.reason());
        }
    }

    private void handle(ApiExchange exchange) throws InterruptedException {
        if (cors.answered(exchange)) {
            return;
        }
        switch (find(exchange.method(), exchange.path().substring(PREFIX.length()))) {
            case Match.Found<Route>(Route route, Map<String, String> parameters) -> {
                exchange.leadsTo(route.template());
                if (route.auth() == Access.KEY) {
                    guard.requireKeyOfCallback(exchange.header(Guard.API_KEY));
                }
                String address = callers.address(exchange.peer(), exchange.headers());
                Integer perMinute = route.rateLimit();
                if (perMinute != null) {
                    limits.require(exchange::override, callers.client(exchange.header(Guard.API_KEY), address),
                            "callback:" + route.callbackId(), perMinute);
                }
                answer(exchange, route, CallReader.read(exchange, parameters, address, maxBodyBytes));
            }
            case Match.WrongMethod<Route>(var allowed) -> {
                exchange.set("Allow", String.join(", ", allowed));
                throw Problem.methodNotAllowed("this path takes " + String.join(", ", allowed)).thrown();
            }
            case Match.NotFound<Route>() -> throw Problem.notFound("no callback is deployed at this path").thrown();
        }
    }

    private void answer(ApiExchange exchange, Route route, HttpCall call) throws InterruptedException {
        String key = exchange.header(Idempotency.HEADER);
        if (key == null) {
            writer.write(exchange, invoke.invoke(route, call));
        } else {
            answerOnce(exchange, route, call, key);
        }
    }

    private void answerOnce(ApiExchange exchange, Route route, HttpCall call, String key) throws InterruptedException {
        String caller = callers.name(exchange.header(Guard.API_KEY));
        IdempotencyKey once = Idempotency.key(caller, exchange.method(), exchange.path(),
                route.version().key().functionId(), key);
        switch (idempotency.begin(exchange::set, once, Idempotency.hash(call.rawQuery(), call.body()))) {
            case Attempt.Replay(KeptResponse kept) -> {
                exchange.set(Idempotency.REPLAYED, "true");
                exchange.send(kept);
            }
            case Attempt.First first -> {
                exchange.startKeeping(response -> idempotency.keep(first, response));
                try {
                    idempotency.make(first, () -> writer.write(exchange, invoke.invoke(route, call)));
                } finally {
                    exchange.stopKeeping();
                }
            }
        }
    }

    private Match<Route> find(String method, String path) {
        if (path.isEmpty()) {
            return new Match.NotFound<>();
        }
        if (!METHODS.contains(method)) {
            return new Match.WrongMethod<>(METHODS);
        }
        try {
            return routes.table().find(method, path);
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest("bad_path", String.valueOf(e.getMessage())).thrown();
        }
    }
}
