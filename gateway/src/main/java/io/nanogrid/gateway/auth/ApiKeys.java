package io.nanogrid.gateway.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The keys that callers may present. Immutable. Compared by their hashes, all of them, in a time that says nothing about how alike they are.
public final class ApiKeys {

    private final List<byte[]> hashes;

    public ApiKeys(List<String> keys) {
        this.hashes = keys.stream().map(ApiKeys::hash).toList();
    }

    /// Whether there is any key; without one, calls need none.
    public boolean required() {
        return !hashes.isEmpty();
    }

    public boolean accept(@Nullable String presented) {
        if (presented == null) {
            return false;
        }
        byte[] hash = hash(presented);
        boolean known = false;
        for (byte[] key : hashes) {
            known |= MessageDigest.isEqual(key, hash);
        }
        return known;
    }

    private static byte[] hash(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
