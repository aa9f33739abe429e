package io.nanogrid.gateway.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The keys that callers may present. Immutable. Compared with all of them, in a time that depends on what is presented and says nothing about
/// how alike they are, nor how long.
public final class ApiKeys {

    private final List<byte[]> keys;

    public ApiKeys(List<String> keys) {
        this.keys = keys.stream().map(ApiKeys::bytes).toList();
    }

    /// Whether there is any key; without one, calls need none.
    public boolean required() {
        return !keys.isEmpty();
    }

    public boolean accept(@Nullable String presented) {
        return identify(presented) != null;
    }

    /// Tells keys apart without telling them: `key1` for the first one. Null where `presented` isn't a key.
    public @Nullable String identify(@Nullable String presented) {
        if (presented == null) {
            return null;
        }
        byte[] given = bytes(presented);
        int known = 0;
        for (int i = 0; i < keys.size(); i++) {
            // In this order: the time depends on the length of the first.
            if (MessageDigest.isEqual(given, keys.get(i))) {
                known = i + 1;
            }
        }
        return known == 0 ? null : "key" + known;
    }

    private static byte[] bytes(String key) {
        return key.getBytes(StandardCharsets.UTF_8);
    }
}
