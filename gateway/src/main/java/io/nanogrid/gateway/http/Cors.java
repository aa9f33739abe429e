package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import java.util.Set;

/// Lets pages of the configured origins call `/api/`, after the Fetch standard. Without configuration it does nothing, and the
/// functions answer for themselves.
final class Cors {

    private static final String EVERY = "*";
    private static final String MAX_AGE_SECONDS = "600";

    private final Set<String> origins;

    Cors(Set<String> origins) {
        this.origins = origins;
    }

    /// Whether the gateway speaks for the functions about other origins.
    boolean configured() {
        return !origins.isEmpty();
    }

    /// Adds what the browser needs to the answer.
    ///
    /// @return whether the request was a preflight, and is answered now
    boolean answered(Context ctx) {
        if (!configured()) {
            return false;
        }
        // Whatever the origin is: a cache must not give one's answer to another.
        ctx.header("Vary", "Origin");
        String origin = ctx.header("Origin");
        if (origin == null || !(origins.contains(origin) || origins.contains(EVERY))) {
            return false;
        }
        ctx.header("Access-Control-Allow-Origin", origins.contains(EVERY) ? EVERY : origin);
        ctx.header("Access-Control-Expose-Headers", "X-Request-Id, X-Lambda-Status-Code, X-Cold-Start, Server-Timing, "
                + "X-RateLimit-Limit, X-RateLimit-Remaining, Retry-After");
        String method = ctx.header("Access-Control-Request-Method");
        if (method == null || !ctx.req().getMethod().equals("OPTIONS")) {
            return false;
        }
        String headers = ctx.header("Access-Control-Request-Headers");
        if (headers != null) {
            ctx.header("Access-Control-Allow-Headers", headers);
        }
        ctx.header("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        ctx.header("Access-Control-Max-Age", MAX_AGE_SECONDS);
        ctx.status(204);
        return true;
    }
}
