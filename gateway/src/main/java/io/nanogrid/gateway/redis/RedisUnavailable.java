package io.nanogrid.gateway.redis;

/// Redis can't be asked just now. Whether it has carried out the command isn't known.
final class RedisUnavailable extends RuntimeException {

    private static final long serialVersionUID = 1;

    RedisUnavailable(String message) {
        super(message);
    }

    RedisUnavailable(String message, Throwable cause) {
        super(message, cause);
    }
}
