package io.nanogrid.gateway.redis;

import java.util.List;
import java.util.Optional;

/// Who looks which workers are there; see [Presence].
public final class Workers {

    static final String LIST = "workers";

    private static final Script COUNT = new Script("""
            local live = 0
            local capacity = 0
            for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
                local own = redis.call('GET', 'worker:' .. id)
                if own then
                    live = live + 1
                    capacity = capacity + tonumber(own)
                end
            end
            return {live, capacity}
            """);

    private final Redis redis;

    public Workers(Redis redis) {
        this.redis = redis;
    }

    static String key(String workerId) {
        return "worker:" + workerId;
    }

    /// Those that are there.
    ///
    /// @param capacity how many calls they can run at once, all together
    public record Live(int workers, int capacity) {
    }

    /// Counts them; nothing if Redis can't be asked.
    public Optional<Live> live() {
        try {
            List<?> answer = (List<?>) redis.call(
                    client -> COUNT.run(client, List.of(Script.bytes(LIST)), List.of()));
            return Optional.of(new Live(((Long) answer.get(0)).intValue(), ((Long) answer.get(1)).intValue()));
        } catch (RedisUnavailable _) {
            return Optional.empty();
        }
    }
}
