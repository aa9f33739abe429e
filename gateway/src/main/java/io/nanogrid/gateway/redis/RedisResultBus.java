package io.nanogrid.gateway.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.nanogrid.gateway.dispatch.ResultBus;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.params.SetParams;

/// Results over Redis. Each is kept below `result:<request>` and published: on `results:<gateway>` as the request's id, a line feed and the
/// result. When no gateway is named, it is kept below `job:<request>` too, where clients of the original look for what they have sent, and published
/// on channels of those two names, as the result alone.
///
/// All that wait here share one subscription. A message can get lost: so one thread looks each second, and after each new connection, for what is
/// kept for those who wait. Waiting itself asks nothing of Redis, and ends in time whatever Redis does.
public final class RedisResultBus implements ResultBus, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RedisResultBus.class);
    private static final Duration KEPT = Duration.ofHours(1);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration PAUSE = Duration.ofMillis(250);
    /// Results at one look, so that an answer of Redis stays within some megabytes.
    private static final int AT_ONCE = 32;

    /// Whoever publishes the same result again, not knowing how the first time ended, has still won.
    private static final Script PUBLISH = new Script("""
            local set = redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2])
            if not set and redis.call('GET', KEYS[1]) ~= ARGV[1] then
                return 0
            end
            redis.call('PUBLISH', ARGV[3], ARGV[4] .. ARGV[1])
            if KEYS[2] then
                redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
                redis.call('PUBLISH', KEYS[2], ARGV[1])
            end
            return 1
            """);

    private final Redis redis;
    private final Map<String, Waiter> waiters = new ConcurrentHashMap<>();
    private final Semaphore lookNow = new Semaphore(0);
    private final Subscription subscription;
    private final Thread looker;

    /// @param gatewayId as others name this gateway in `replyTo`
    public RedisResultBus(Redis redis, String gatewayId) {
        this.redis = redis;
        subscription = new Subscription(redis, "results:" + gatewayId, new Arrivals());
        looker = Thread.ofVirtual().name("redis results").start(this::lookForever);
    }

    @Override
    public Awaited await(String requestId) {
        Waiter waiter = new Waiter(requestId);
        if (waiters.putIfAbsent(requestId, waiter) != null) {
            throw new IllegalStateException("Somebody waits for the result of " + requestId + " already");
        }
        return waiter;
    }

    /// How many wait for a result.
    public int waiting() {
        return waiters.size();
    }

    @Override
    public boolean publish(String requestId, @Nullable String replyTo, byte[] result, Duration patience)
            throws Unreachable, InterruptedException {
        List<byte[]> keys = replyTo == null
                ? List.of(key(requestId), Script.bytes("job:" + requestId))
                : List.of(key(requestId));
        List<byte[]> arguments = List.of(result, Script.bytes(KEPT.toSeconds()),
                Script.bytes(replyTo == null ? "result:" + requestId : "results:" + replyTo),
                Script.bytes(replyTo == null ? "" : requestId + "\n"));
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                return (Long) redis.call(client -> PUBLISH.run(client, keys, arguments)) == 1;
            } catch (RedisUnavailable e) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                if (System.nanoTime() + PAUSE.toNanos() - deadline > 0) {
                    throw new Unreachable(
                            "The result of " + requestId + " could not be handed over in " + patience + ": "
                                    + e.getMessage(),
                            e);
                }
                Thread.sleep(PAUSE);
            }
        }
    }

    private static byte[] key(String requestId) {
        return Script.bytes("result:" + requestId);
    }

    @Override
    public void cancel(String requestId) {
        try {
            redis.call(client -> client.set("cancel:" + requestId, "1", SetParams.setParams().ex(KEPT.toSeconds())));
        } catch (RedisUnavailable e) {
            LOG.debug("{} runs in vain: {}", requestId, e.getMessage());
        }
    }

    @Override
    public boolean over(String requestId) {
        try {
            return redis.call(client -> client.exists("cancel:" + requestId, "result:" + requestId) > 0);
        } catch (RedisUnavailable _) {
            return false;
        }
    }

    private void lookForever() {
        try {
            while (true) {
                lookNow.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                look(List.copyOf(waiters.values()));
            }
        } catch (InterruptedException _) {
            // Closed.
        }
    }

    private void look(List<Waiter> all) throws InterruptedException {
        try {
            for (int from = 0; from < all.size(); from += AT_ONCE) {
                List<Waiter> some = all.subList(from, Math.min(all.size(), from + AT_ONCE));
                byte[][] keys = some.stream().map(waiter -> key(waiter.requestId)).toArray(byte[][]::new);
                List<byte[]> results = redis.call(client -> client.mget(keys));
                for (int i = 0; i < keys.length; i++) {
                    some.get(i).arrived(results.get(i));
                }
            }
        } catch (RedisUnavailable _) {
            // There is another look in a second.
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    private final class Arrivals implements Subscription.Listener {

        @Override
        public void connected() {
            lookNow.release();
        }

        @Override
        public void message(byte[] message) {
            int end = 0;
            while (end < message.length && message[end] != '\n') {
                end++;
            }
            Waiter waiter = waiters.get(new String(message, 0, end, UTF_8));
            if (waiter != null && end < message.length) {
                waiter.arrived(Arrays.copyOfRange(message, end + 1, message.length));
            }
        }
    }

    private final class Waiter implements Awaited {
        final String requestId;
        private final CompletableFuture<byte[]> result = new CompletableFuture<>();

        Waiter(String requestId) {
            this.requestId = requestId;
        }

        void arrived(byte @Nullable [] bytes) {
            if (bytes != null) {
                result.complete(bytes);
            }
        }

        @Override
        public Optional<byte[]> result(Duration timeout) throws InterruptedException {
            try {
                return Optional.of(result.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
            } catch (TimeoutException _) {
                return Optional.empty();
            } catch (ExecutionException e) {
                throw new IllegalStateException("Nothing fails this future", e);
            }
        }

        @Override
        public void close() {
            waiters.remove(requestId, this);
        }
    }

    /// Ends the subscription. Those who still wait get no result.
    @Override
    public void close() {
        subscription.close();
        looker.interrupt();
    }
}
