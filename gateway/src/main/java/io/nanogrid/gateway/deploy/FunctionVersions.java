package io.nanogrid.gateway.deploy;

import io.nanogrid.db.Definition;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodePlace;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.DependencyRequest;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import io.nanogrid.spi.RuntimeDescriptor.Dependencies;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Makes what the pool can run out of what is stored: finds the runtime and the handler's file, and has the libraries installed.
final class FunctionVersions {

    private final RuntimeTypes types;
    private final Engine engine;
    private final CodeStore store;
    private final Layers layers;

    FunctionVersions(Runtimes runtimes, Engine engine, CodeStore store, Layers layers) {
        this.types = new RuntimeTypes(runtimes, engine);
        this.engine = engine;
        this.store = store;
        this.layers = layers;
    }

    /// A version that is ready to run. Its libraries stay at least until it is closed.
    ///
    /// @param image what its runtime runs on
    /// @param cached whether its libraries were there already
    record Prepared(FunctionVersion version, String image, boolean cached, Layers.Hold hold) implements AutoCloseable {

        @Override
        public void close() {
            hold.close();
        }
    }

    /// Libraries, where there are any, that stay as long as they are held.
    private record Libraries(@Nullable DependencyLayer layer, Layers.Hold hold) {

        static final Libraries NONE = new Libraries(null, () -> {
        });
    }

    private record StoredCode(CodeStore store, String hash) implements FunctionVersion.CodeSource {

        @Override
        public CodeBundle get() throws IOException {
            return store.get(hash);
        }

        @Override
        public @Nullable CodePlace place() {
            return store.place(hash);
        }
    }

    /// @param log takes lines of progress and the installer's output
    /// @throws InvalidDefinition if the code doesn't have what the handler says, or the engine not the wanted version of the runtime
    Prepared prepare(String name, VersionRecord record, Consumer<String> log)
            throws InvalidDefinition, EngineException, IOException, InterruptedException {
        Definition definition = record.definition();
        RuntimeDescriptor runtime = types.find(definition.runtime());
        types.requireVersion(definition.runtime(), log);
        CodeBundle code = store.get(definition.codeHash());
        HandlerFile handler = HandlerFile.find(runtime, definition.handler(), code);
        String image = engine.prepare(runtime, log);
        Libraries libraries = install(runtime, definition.library(), code, image, log);
        DependencyLayer layer = libraries.layer();
        FunctionVersion version = new FunctionVersion(
                new FunctionVersion.Key(record.functionId(), record.number()),
                name,
                runtime,
                handler.file(),
                handler.handlers(),
                definition.script(),
                new StoredCode(store, definition.codeHash()),
                definition.env(),
                definition.memoryMb(),
                definition.timeout(),
                definition.concurrency(),
                definition.network(),
                layer);
        return new Prepared(version, image, layer == null || layer.cached(), libraries.hold());
    }

    private Libraries install(
            RuntimeDescriptor runtime,
            @Nullable String library,
            CodeBundle code,
            String image,
            Consumer<String> log) throws EngineException, InterruptedException {
        Dependencies how = runtime.dependencies();
        if (library == null || how == null) {
            return Libraries.NONE;
        }
        TreeMap<String, Content> inputs = new TreeMap<>();
        List<PathMatcher> globs = how.inputs().stream()
                .map(glob -> FileSystems.getDefault().getPathMatcher("glob:" + glob)).toList();
        code.files().forEach((path, content) -> {
            if (globs.stream().anyMatch(glob -> glob.matches(Path.of(path)))) {
                inputs.put(path, content);
            }
        });
        inputs.put(how.manifest(), Content.of(library.getBytes(StandardCharsets.UTF_8)));
        DependencyRequest request = new DependencyRequest(runtime, key(runtime, image, inputs), inputs);
        Layers.Hold hold = layers.hold(request.key());
        boolean installed = false;
        try {
            DependencyLayer layer = engine.install(request, log);
            installed = true;
            return new Libraries(layer, hold);
        } finally {
            if (!installed) {
                hold.close();
            }
        }
    }

    private static String key(RuntimeDescriptor runtime, String image, Map<String, Content> inputs) {
        MessageDigest digest = CodeBundle.sha256();
        digest.update((runtime.id() + "\n" + image + "\n").getBytes(StandardCharsets.UTF_8));
        inputs.forEach((path, content) -> {
            digest.update((path + "\n" + content.size() + "\n").getBytes(StandardCharsets.UTF_8));
            digest.update(content.toByteArray());
        });
        return HexFormat.of().formatHex(digest.digest());
    }
}
