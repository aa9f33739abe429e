package io.nanogrid.gateway.engine;

import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/// Tells one bootstrap of a runtime from another, so that what an engine keeps of an older one isn't taken for the present one.
public final class BootstrapDigest {

    private BootstrapDigest() {
    }

    /// SHA-256 over the bootstrap's files, and over `more` that what is kept depends on.
    ///
    /// @param bytes how many bytes of it to give, in hexadecimal
    public static String of(RuntimeDescriptor runtime, int bytes, String... more) {
        MessageDigest digest = CodeBundle.sha256();
        for (String other : more) {
            digest.update((other + "\0").getBytes(StandardCharsets.UTF_8));
        }
        for (Map.Entry<String, Content> file : new TreeMap<>(runtime.bootstrap()).entrySet()) {
            digest.update((file.getKey() + "\0" + file.getValue().size() + "\0").getBytes(StandardCharsets.UTF_8));
            digest.update(file.getValue().toByteArray());
        }
        return HexFormat.of().formatHex(digest.digest(), 0, bytes);
    }
}
