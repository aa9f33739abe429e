package io.nanogrid.gateway.http;

import io.nanogrid.gateway.config.GatewayConfig;

/// What many handlers share.
record Common(
        Guard guard,
        Callers callers,
        RateLimiting limits,
        CallLimit limit,
        Idempotency idempotency,
        Problems problems) {

    static Common of(Parts parts) {
        GatewayConfig config = parts.config();
        Callers callers = new Callers(parts.access().keys(), config.trustedProxies());
        RateLimiting limits = new RateLimiting(parts.access().limits());
        return new Common(
                new Guard(parts.access().keys(), config.managementOrigins()),
                callers,
                limits,
                new CallLimit(limits, callers, config.rateLimitPerMinute()),
                new Idempotency(parts.running().idempotency(), parts.running().clock()),
                new Problems(config.maxBodyBytes()));
    }
}
