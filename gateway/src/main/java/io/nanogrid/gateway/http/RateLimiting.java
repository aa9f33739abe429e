package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.limits.RateLimitStore;
import io.nanogrid.gateway.limits.RateLimitStore.Decision;
import java.time.Duration;

/// Holds clients to a number of calls a minute, and tells them in the answer's headers how they stand.
final class RateLimiting {

    private static final Duration WINDOW = Duration.ofMinutes(1);

    private final RateLimitStore store;
    private final Callers callers;

    RateLimiting(RateLimitStore store, Callers callers) {
        this.store = store;
        this.callers = callers;
    }

    /// Counts a call of the request's client, and sets the headers.
    ///
    /// @param scope what is limited, such as `callback:1001`; each has windows of its own
    /// @throws Problem.Thrown if the client has used up its calls
    Decision require(Context ctx, String scope, int perMinute) {
        Decision decision = store.count(scope + " " + callers.client(ctx), perMinute, WINDOW);
        say(ctx, perMinute, decision);
        if (!decision.allowed()) {
            long seconds = decision.untilReset().plusNanos(999_999_999).toSeconds();
            ctx.header("Retry-After", String.valueOf(seconds));
            throw Problem.rateLimited(perMinute, seconds).thrown();
        }
        return decision;
    }

    /// Sets the headers, in place of those that may be there.
    static void say(Context ctx, int perMinute, Decision decision) {
        ctx.header("X-RateLimit-Limit", String.valueOf(perMinute));
        ctx.header("X-RateLimit-Remaining", String.valueOf(decision.remaining()));
    }
}
