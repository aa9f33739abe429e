package io.nanogrid.gateway.redis;

import io.nanogrid.gateway.limits.RateLimitStore;
import java.time.Duration;
import java.util.List;

/// Windows that all gateways share, counted by Redis and by its clock; it forgets each when it ends.
public final class RedisRateLimitStore implements RateLimitStore {

    /// The key lives as long as its window, and Redis counts in it. No time passes within a script.
    private static final Script COUNT = new Script("""
            local limit = tonumber(ARGV[1])
            local left = redis.call('PTTL', KEYS[1])
            if left < 0 then
                redis.call('SET', KEYS[1], 1, 'PX', ARGV[2])
                return {1, limit - 1, tonumber(ARGV[2])}
            end
            local counted = tonumber(redis.call('GET', KEYS[1]))
            if counted < limit then
                counted = redis.call('INCR', KEYS[1])
                return {1, limit - counted, left}
            end
            return {0, 0, left}
            """);
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final Redis redis;
    private final boolean limitless;

    /// @param limitless whether calls that can't be counted, as Redis is gone, are allowed; else they are refused
    public RedisRateLimitStore(Redis redis, boolean limitless) {
        this.redis = redis;
        this.limitless = limitless;
    }

    /// Without Redis it takes a second or so for a few calls, and no time for the others.
    @Override
    public Decision count(String scope, String client, int limit, Duration window) {
        // The length keeps one scope's clients apart from those of another that begins alike.
        byte[] key = Script.bytes("limit:" + scope.length() + ":" + scope + ":" + client);
        List<byte[]> arguments = List.of(Script.bytes(limit), Script.bytes(Math.max(1, window.toMillis())));
        try {
            return decision((List<?>) redis.call(connection -> COUNT.run(connection, List.of(key), arguments)));
        } catch (RedisUnavailable _) {
            return limitless ? new Decision(true, limit - 1, window) : new Decision(false, 0, RETRY);
        }
    }

    private static Decision decision(List<?> answer) {
        return new Decision(number(answer, 0) == 1, (int) number(answer, 1),
                Duration.ofMillis(Math.max(1, number(answer, 2))));
    }

    private static long number(List<?> answer, int index) {
        return (Long) answer.get(index);
    }
}
