package io.nanogrid.gateway.redis;

import io.nanogrid.gateway.cluster.LocalServer;
import java.util.Set;
import redis.clients.jedis.Jedis;

/// A real Redis of a test's own, that keeps nothing on disk and may be killed and started again.
public final class RedisServer implements AutoCloseable {

    private final LocalServer server;

    private RedisServer(LocalServer server) {
        this.server = server;
    }

    /// @param options as on the command line of `redis-server`
    public static RedisServer start(String... options) {
        return new RedisServer(LocalServer.redis(options).start());
    }

    public int port() {
        return server.port();
    }

    public RedisAddress address() {
        return new RedisAddress("127.0.0.1", server.port(), null, null, false);
    }

    /// A connection past everything that is tested.
    public Jedis inspect() {
        return new Jedis("127.0.0.1", server.port());
    }

    /// The keys that a server knows, past everything that is tested.
    ///
    /// @param pattern as Redis has it, such as `cancel:*`
    public static Set<String> keys(LocalServer server, String pattern) {
        try (Jedis inspect = new Jedis("127.0.0.1", server.port())) {
            return inspect.keys(pattern);
        }
    }

    /// `kill -9`: all that it knew is gone.
    public void kill() {
        server.kill();
    }

    /// Starts it again, on the same port and empty.
    public void restart() {
        server.start();
    }

    @Override
    public void close() {
        server.close();
    }
}
