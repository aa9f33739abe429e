package io.nanogrid.gateway.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/// A Lua script. Redis runs it as one step, and is sent its text only when it doesn't know it yet, as after a restart.
final class Script {

    private final byte[] text;
    private final byte[] sha1;

    Script(String lua) {
        text = lua.getBytes(UTF_8);
        try {
            sha1 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(text)).getBytes(UTF_8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-1", e);
        }
    }

    /// @return what the script returns: a [Long], a `byte[]` or a list of such
    Object run(RedisClient client, List<byte[]> keys, List<byte[]> arguments) {
        try {
            return client.evalsha(sha1, keys, arguments);
        } catch (JedisNoScriptException e) {
            return client.eval(text, keys, arguments);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    static byte[] bytes(long number) {
        return bytes(String.valueOf(number));
    }
}
