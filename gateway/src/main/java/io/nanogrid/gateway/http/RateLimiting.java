package io.nanogrid.gateway.http;

import io.nanogrid.gateway.limits.RateLimitStore;
import io.nanogrid.gateway.limits.RateLimitStore.Decision;
import java.time.Duration;
import java.util.function.BiConsumer;

/// Holds clients to a number of calls a minute, and tells them in the answer's headers how they stand.
final class RateLimiting {

    private static final Duration WINDOW = Duration.ofMinutes(1);

    private final RateLimitStore store;

    RateLimiting(RateLimitStore store) {
        this.store = store;
    }

    /// Counts a call of a client, and sets the headers.
    ///
    /// @param header takes the name and the value of each
    /// @param client as [Callers#client] names it
    /// @param scope what is limited, such as `callback:1001`; each has windows of its own
    /// @throws Problem.Thrown if the client has used up its calls
    void require(BiConsumer<String, String> header, String client, String scope, int perMinute) {
        Decision decision = store.count(scope, client, perMinute, WINDOW);
        header.accept("X-RateLimit-Limit", String.valueOf(perMinute));
        header.accept("X-RateLimit-Remaining", String.valueOf(decision.remaining()));
        if (!decision.allowed()) {
            long seconds = decision.untilReset().plusNanos(999_999_999).toSeconds();
            header.accept("Retry-After", String.valueOf(seconds));
            throw Problem.rateLimited(perMinute, seconds).thrown();
        }
    }
}
