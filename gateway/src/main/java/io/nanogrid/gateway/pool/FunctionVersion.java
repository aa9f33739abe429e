package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodePlace;
import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One immutable version of a function, with all that an instance of it needs.
///
/// @param file the file that is loaded
/// @param handlers names that are looked for in it, in order
/// @param script whether `file` is run afresh for each call, instead of being loaded once for its handler
/// @param code gives the code; called off the warm path, once an instance
/// @param concurrency how many instances it may have, as its owner set it, or null for the pool's default
public record FunctionVersion(
        Key key,
        String name,
        RuntimeDescriptor runtime,
        String file,
        List<String> handlers,
        boolean script,
        CodeSource code,
        Map<String, String> env,
        int memoryMb,
        Duration timeout,
        @Nullable Integer concurrency,
        boolean network,
        @Nullable DependencyLayer dependencies) {

    public FunctionVersion {
        handlers = List.copyOf(handlers);
        env = Map.copyOf(env);
    }

    /// What tells versions apart.
    ///
    /// @param stranger what tells versions apart that have no number, since their functions aren't in our table; null for all others
    public record Key(String functionId, int version, @Nullable String stranger) {

        public Key(String functionId, int version) {
            this(functionId, version, null);
        }
    }

    /// The same as a version of a function that isn't in our table.
    ///
    /// @param identity tells it from every version that isn't wholly the same
    public FunctionVersion strangers(String identity) {
        return new FunctionVersion(new Key(key.functionId(), 0, identity), name, runtime, file, handlers, script, code,
                env, memoryMb, timeout, concurrency, network, dependencies);
    }

    @FunctionalInterface
    public interface CodeSource {
        CodeBundle get() throws IOException;

        /// Where others find it, if they can.
        default @Nullable CodePlace place() {
            return null;
        }
    }

    InstanceShape shape() {
        return new InstanceShape(runtime, memoryMb, network, dependencies == null ? null : dependencies.key());
    }

    /// Without the values of `env`, which are nobody's business.
    @Override
    public String toString() {
        return name + ":" + key.version();
    }
}
