package io.nanogrid.gateway.redis;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Says that a worker is there, for as long as it is there: who doesn't say so for 15 s, by the clock of Redis, is taken for dead.
///
/// One thread renews that every 5 s. While Redis is gone the worker goes on working; it is back on the list 5 s after Redis is.
public final class Presence implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Presence.class);
    private static final Duration RENEWED = Duration.ofSeconds(5);
    private static final Duration BELIEVED = Duration.ofSeconds(15);

    /// The list of those who may be there forgets who has long been gone.
    private static final Script ANNOUNCE = new Script("""
            local now = tonumber(redis.call('TIME')[1])
            redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
            redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]) + 1, ARGV[1])
            redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
            return 1
            """);

    private final Redis redis;
    private final String workerId;
    private final IntSupplier capacity;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    /// @param capacity how many calls the worker can run at once, as things stand when it is asked
    public Presence(Redis redis, String workerId, IntSupplier capacity) {
        this.redis = redis;
        this.workerId = workerId;
        this.capacity = capacity;
        thread = Thread.ofVirtual().name("redis presence").start(this::run);
    }

    private void run() {
        try {
            do {
                announce();
            } while (!closing.await(RENEWED.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void announce() {
        List<byte[]> keys = List.of(Script.bytes(Workers.key(workerId)), Script.bytes(Workers.LIST));
        List<byte[]> arguments = List.of(Script.bytes(workerId), Script.bytes(capacity.getAsInt()),
                Script.bytes(BELIEVED.toSeconds()));
        try {
            redis.call(client -> ANNOUNCE.run(client, keys, arguments));
        } catch (RedisUnavailable e) {
            LOG.debug("This worker isn't on the list of workers: {}", e.getMessage());
        }
    }

    /// Takes the worker off the list at once.
    @Override
    public void close() {
        closing.countDown();
        try {
            thread.join();
            redis.call(client -> client.del(Workers.key(workerId)) + client.zrem(Workers.LIST, workerId));
        } catch (RedisUnavailable e) {
            LOG.debug("This worker stays on the list for {}: {}", BELIEVED, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
