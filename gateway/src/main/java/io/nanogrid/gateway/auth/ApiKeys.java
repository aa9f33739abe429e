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
        return identify(presented) != null;
    }

    /// Tells keys apart without telling them: `key1` for the first one. Null where `presented` isn't a key.
    public @Nullable String identify(@Nullable String presented) {
        if (presented == null) {
            return null;
        }
        byte[] hash = hash(presented);
        int known = 0;
        for (int i = 0; i < hashes.size(); i++) {
            if (MessageDigest.isEqual(hashes.get(i), hash)) {
                known = i + 1;
            }
        }
        return known == 0 ? null : "key" + known;
    }

    private static byte[] hash(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
