package io.nanogrid.db;

import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;

/// Everything that decides how a function runs. `env` may hold secrets: {@link #toString} shows its names only.
///
/// @param runtime what the user named as its type: id or alias of a runtime plugin and, after a colon, the wanted version, if any
/// @param handler the name to call, or null for the runtime's default names
/// @param codeHash SHA-256 of the code bundle, in lower-case hex
/// @param library the text of the dependency file, or null where there is none
/// @param env sorted by name
/// @param memoryMb in MiB
/// @param timeout kept to the millisecond
/// @param concurrency how many calls may run at once, or null for the gateway's own limit
/// @param network whether the function may open connections
/// @param script whether it is a file without a handler, to be run from its beginning for each call
public record Definition(String runtime, @Nullable String handler, String codeHash, @Nullable String library,
        Map<String, String> env, int memoryMb, Duration timeout, @Nullable Integer concurrency, boolean network,
        PayloadFormat payload, boolean script) {

    public Definition {
        env = Collections.unmodifiableMap(new TreeMap<>(env));
    }

    @Override
    public String toString() {
        return "Definition[runtime=%s, handler=%s, codeHash=%s, library=%s, env=%s, memoryMb=%d, timeout=%s, concurrency=%s, network=%s, payload=%s, script=%s]"
                .formatted(runtime, handler, codeHash, library == null ? "none" : library.length() + " characters",
                        env.keySet(), memoryMb, timeout, concurrency, network, payload, script);
    }
}
