package io.nanogrid.gateway.redis;

import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.commons.pool2.impl.GenericObjectPoolConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.ClientSetInfoConfig;
import redis.clients.jedis.Connection;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;

/// Connections to one Redis server. No call takes much longer than a second, whatever state the server and the network are in; and while
/// the server doesn't answer, all but one call in a while fail at once. (Looking up its name is the resolver's affair, and takes as long.)
///
/// Nothing is connected before the first call: a gateway starts without Redis, and finds it when it comes. Safe for use by many threads.
public final class Redis implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Redis.class);

    /// A command takes 0.1 ms: enough of them at once for some ten thousand calls a second.
    private static final int CONNECTIONS = 32;
    private static final Duration TIMEOUT = Duration.ofMillis(800);
    private static final Duration TURN_WAIT = Duration.ofMillis(800);
    private static final Duration PROBE_TIMEOUT = Duration.ofMillis(500);
    private static final Duration PAUSE = Duration.ofMillis(500);

    private final RedisAddress address;
    private final RedisClient client;
    /// As many as the pool has connections. Waiting for the pool itself, a caller couldn't see that Redis has been given up meanwhile.
    private final Semaphore turns = new Semaphore(CONNECTIONS, true);
    private final Breaker breaker = new Breaker(System::nanoTime, PAUSE);

    public Redis(RedisAddress address) {
        this.address = address;
        client = RedisClient.builder().hostAndPort(address.host(), address.port())
                .clientConfig(settings(TIMEOUT).build())
                .poolConfig(pool()).build();
    }

    /// RESP2 needs no greeting, so that a new connection costs no round trip that could hang before the command's own.
    private DefaultJedisClientConfig.Builder settings(Duration timeout) {
        return DefaultJedisClientConfig.builder().protocol(RedisProtocol.RESP2).user(address.user())
                .password(address.password())
                .ssl(address.tls()).timeoutMillis((int) timeout.toMillis())
                .clientSetInfoConfig(ClientSetInfoConfig.DISABLED);
    }

    private static GenericObjectPoolConfig<Connection> pool() {
        var config = new GenericObjectPoolConfig<Connection>();
        config.setMaxTotal(CONNECTIONS);
        config.setMaxIdle(CONNECTIONS);
        config.setMaxWait(TURN_WAIT);
        config.setJmxEnabled(false);
        return config;
    }

    /// Runs commands that may be run twice: they are, where a connection turns out to have been cut since it was last used.
    ///
    /// @throws RedisUnavailable if there is no answer; interrupted it throws this too, and the thread stays interrupted
    <T> T call(Function<RedisClient, T> commands) {
        if (breaker.refuses()) {
            throw givenUp();
        }
        awaitTurn();
        try {
            if (!breaker.admits()) {
                throw givenUp();
            }
            T answer = tryTwice(commands);
            if (breaker.succeeded()) {
                LOG.info("{} answers again.", this);
            }
            return answer;
        } catch (JedisException e) {
            throw unavailable(e);
        } finally {
            turns.release();
        }
    }

    private RedisUnavailable givenUp() {
        return new RedisUnavailable(this + " did not answer a moment ago.");
    }

    private void awaitTurn() {
        try {
            if (!turns.tryAcquire(TURN_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new RedisUnavailable(this + " has more calls than it can answer in time.");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RedisUnavailable("Interrupted while waiting to ask " + this + ".", e);
        }
    }

    private <T> T tryTwice(Function<RedisClient, T> commands) {
        try {
            return commands.apply(client);
        } catch (JedisConnectionException e) {
            if (caused(e, SocketTimeoutException.class) || Thread.currentThread().isInterrupted()) {
                throw e;
            }
            // The others in the pool are as old as this one.
            client.getPool().clear();
            return commands.apply(client);
        }
    }

    private RedisUnavailable unavailable(JedisException e) {
        var unavailable = new RedisUnavailable(this + " did not answer (" + reason(e) + ").", e);
        // It has answered, be it with an error; or the caller has gone, which says nothing of Redis.
        if (e instanceof JedisDataException || Thread.currentThread().isInterrupted()) {
            return unavailable;
        }
        if (breaker.failed()) {
            LOG.warn("{} It is tried again every {} ms.", unavailable.getMessage(), PAUSE.toMillis());
        }
        return unavailable;
    }

    /// Jedis hangs what went wrong in connecting to each of a host's addresses onto an exception of its own.
    private static boolean caused(Throwable thrown, Class<? extends Throwable> type) {
        return type.isInstance(thrown) || thrown.getCause() != null && caused(thrown.getCause(), type)
                || Arrays.stream(thrown.getSuppressed()).anyMatch(each -> caused(each, type));
    }

    static String reason(Throwable thrown) {
        if (thrown.getCause() != null) {
            return reason(thrown.getCause());
        }
        String own = String.valueOf(thrown.getMessage()).replaceFirst("\\.$", "");
        return thrown.getSuppressed().length == 0 ? own : own + ": " + reason(thrown.getSuppressed()[0]);
    }

    /// Whether Redis answers now; known within about a second. Asked over a connection of its own, so that it needs none of the pool's.
    public boolean healthy() {
        try (Jedis probe = new Jedis(endpoint(), settings(PROBE_TIMEOUT).build())) {
            return "PONG".equals(probe.ping());
        } catch (JedisException e) {
            return false;
        }
    }

    /// A connection of the caller's own, for a subscription.
    ///
    /// @param silence how long it may bring nothing before it counts as broken
    Jedis subscriber(Duration silence) {
        return new Jedis(endpoint(),
                settings(TIMEOUT).blockingSocketTimeoutMillis((int) silence.toMillis()).build());
    }

    private HostAndPort endpoint() {
        return new HostAndPort(address.host(), address.port());
    }

    @Override
    public String toString() {
        return "Redis at " + address;
    }

    @Override
    public void close() {
        client.close();
    }
}
