package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.DependencyRequest;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.InstanceCommand;
import io.nanogrid.gateway.engine.Turns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Installed libraries by key. A layer is there whole or not at all; each key is installed or removed by one thread at a time, and the
/// others wait for their turn. Safe for use by many threads.
final class DependencyStore {

    private static final Logger LOG = LoggerFactory.getLogger(DependencyStore.class);
    private static final String STAGES = ".installing";
    private static final Pattern KEY = Pattern.compile("[0-9a-f]{8,128}");

    private final Path directory;
    private final DependencyInstaller installer;
    private final Interpreters interpreters;
    private final Turns<String> turns = new Turns<>();
    /// How many instances have a layer, by its key. Its monitor guards it, and no layer's directory goes away without it.
    private final Map<String, Integer> uses = new HashMap<>();

    DependencyStore(Path directory, DependencyInstaller installer, Interpreters interpreters) {
        this.directory = directory;
        this.installer = installer;
        this.interpreters = interpreters;
    }

    DependencyLayer install(DependencyRequest request, Consumer<String> log)
            throws EngineException, InterruptedException {
        Path place = place(request.key());
        try (Turns<String>.Turn turn = turns.ask(request.key())) {
            if (turn.waits()) {
                log.accept("the same libraries are being installed already; waiting for them");
            }
            turn.await();
            boolean cached = Files.isDirectory(place);
            if (!cached) {
                installInto(place, request, log);
            }
            return new DependencyLayer(request.key(), InstanceCommand.DEPENDENCIES, cached);
        }
    }

    private void installInto(Path place, DependencyRequest request, Consumer<String> log)
            throws EngineException, InterruptedException {
        Interpreters.Program interpreter = interpreters.find(request.runtime()).program();
        Path stage = null;
        try {
            HostFiles.makeDirectory(directory);
            Path stages = HostFiles.makeDirectory(directory.resolve(STAGES));
            stage = HostFiles.makeDirectory(Files.createTempDirectory(stages, "s"));
            HostFiles.publish(installer.install(request, interpreter, stage, log), place);
        } catch (IOException e) {
            throw new EngineException("the libraries can't be stored", e);
        } finally {
            discard(stage);
        }
    }

    /// An instance's claim to a layer, which keeps it from being removed.
    ///
    /// @param directory where the layer is on the host; null for an instance without libraries
    /// @param end to be run once, when nothing of the instance runs any more
    record Use(@Nullable Path directory, Runnable end) {
    }

    Use use(@Nullable DependencyLayer layer) throws EngineException {
        if (layer == null) {
            return new Use(null, () -> {
            });
        }
        Path place = place(layer.key());
        synchronized (uses) {
            if (!Files.isDirectory(place)) {
                throw new EngineException("the function's libraries are gone: deploy it again");
            }
            uses.merge(layer.key(), 1, Integer::sum);
        }
        return new Use(place, () -> {
            synchronized (uses) {
                uses.computeIfPresent(layer.key(), (_, count) -> count == 1 ? null : count - 1);
            }
        });
    }

    Set<String> layers() throws EngineException {
        if (!Files.isDirectory(directory)) {
            return Set.of();
        }
        try (Stream<Path> places = Files.list(directory)) {
            return places.map(place -> place.getFileName().toString()).filter(KEY.asMatchPredicate())
                    .collect(Collectors.toSet());
        } catch (IOException e) {
            throw new EngineException("the installed libraries can't be listed", e);
        }
    }

    void remove(DependencyLayer layer) throws EngineException {
        Path place = place(layer.key());
        try (Turns<String>.Turn _ = turns.takeSurely(layer.key())) {
            if (Files.isDirectory(place)) {
                Path grave = Files.createTempDirectory(HostFiles.makeDirectory(directory.resolve(STAGES)), "r");
                bury(layer.key(), place, grave);
                HostFiles.delete(grave);
            }
        } catch (IOException e) {
            throw new EngineException("the libraries can't be removed", e);
        }
    }

    private void bury(String key, Path place, Path grave) throws EngineException, IOException {
        synchronized (uses) {
            if (!uses.containsKey(key)) {
                Files.move(place, grave.resolve(key), StandardCopyOption.ATOMIC_MOVE);
                return;
            }
        }
        HostFiles.delete(grave);
        throw new EngineException("the installed libraries are in use by a running instance");
    }

    /// Removes what installations of an earlier life have left.
    void reconcile() throws IOException {
        removeUnfinished(directory);
    }

    static void removeUnfinished(Path directory) throws IOException {
        HostFiles.delete(directory.resolve(STAGES));
    }

    private Path place(String key) throws EngineException {
        if (!KEY.matcher(key).matches()) {
            throw new EngineException("a layer's key must be 8 to 128 hexadecimal digits");
        }
        return directory.resolve(key);
    }

    private static void discard(@Nullable Path stage) {
        if (stage == null) {
            return;
        }
        try {
            HostFiles.delete(stage);
        } catch (IOException e) {
            LOG.warn("Files of an installation stay until the next start", e);
        }
    }
}
