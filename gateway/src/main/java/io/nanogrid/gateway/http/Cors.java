package io.nanogrid.gateway.http;

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
    boolean answered(ApiExchange exchange) {
        if (!configured()) {
            return false;
        }
        // Whatever the origin is: a cache must not give one's answer to another.
        exchange.set("Vary", "Origin");
        String origin = exchange.header("Origin");
        if (origin == null || !(origins.contains(origin) || origins.contains(EVERY))) {
            return false;
        }
        exchange.set("Access-Control-Allow-Origin", origins.contains(EVERY) ? EVERY : origin);
        exchange.set("Access-Control-Expose-Headers",
                "X-Request-Id, X-Lambda-Status-Code, X-Cold-Start, Server-Timing, "
                        + "X-RateLimit-Limit, X-RateLimit-Remaining, Retry-After, " + Idempotency.REPLAYED);
        String method = exchange.header("Access-Control-Request-Method");
        if (method == null || !exchange.method().equals("OPTIONS")) {
            return false;
        }
        String headers = exchange.header("Access-Control-Request-Headers");
        if (headers != null) {
            exchange.set("Access-Control-Allow-Headers", headers);
        }
        exchange.set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        exchange.set("Access-Control-Max-Age", MAX_AGE_SECONDS);
        exchange.send(204, new byte[0]);
        return true;
    }
}
