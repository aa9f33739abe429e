package io.nanogrid.gateway.http;

import io.javalin.http.Context;

/// Holds each client to `RATE_LIMIT_PER_MINUTE` calls, all the limited routes counted together.
final class CallLimit {

    private static final String SCOPE = "gateway";

    private final RateLimiting limits;
    private final Callers callers;
    private final int perMinute;

    /// @param perMinute how many calls a client has in a minute; 0 for any number
    CallLimit(RateLimiting limits, Callers callers, int perMinute) {
        this.limits = limits;
        this.callers = callers;
        this.perMinute = perMinute;
    }

    /// Counts a request that [Guard] let through, and sets the headers that say what is left.
    ///
    /// @throws Problem.Thrown if the client has used up its calls
    void require(Context ctx) {
        if (perMinute > 0) {
            limits.require(ctx::header, callers.client(ctx), SCOPE, perMinute);
        }
    }
}
