package io.nanogrid.gateway.redis;

import io.nanogrid.gateway.config.ClusterConfig;
import org.jspecify.annotations.Nullable;

/// Where Redis is, and how to speak to it.
///
/// @param user for a Redis that knows users
/// @param tls whether to speak TLS; the server's certificate has to be one that the JVM trusts, and for this host
public record RedisAddress(String host, int port, @Nullable String user, @Nullable String password, boolean tls) {

    public static RedisAddress of(ClusterConfig config) {
        return new RedisAddress(config.redisHost(), config.redisPort(), config.redisUser(), config.redisPassword(),
                config.redisTls());
    }

    /// Without the password: this text gets into logs.
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
