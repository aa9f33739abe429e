package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.DependencyRequest;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.InstallFailed;
import io.nanogrid.gateway.engine.InstanceCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Installed libraries by key. A layer is there whole or not at all; each key is installed by one thread at a time, and the
/// others wait for its result. Safe for use by many threads.
final class DependencyStore {

    private static final Logger LOG = LoggerFactory.getLogger(DependencyStore.class);
    private static final String STAGES = ".installing";

    private final Path directory;
    private final DependencyInstaller installer;
    private final Interpreters interpreters;
    private final Map<String, CompletableFuture<DependencyLayer>> running = new ConcurrentHashMap<>();

    DependencyStore(Path directory, DependencyInstaller installer, Interpreters interpreters) {
        this.directory = directory;
        this.installer = installer;
        this.interpreters = interpreters;
    }

    DependencyLayer install(DependencyRequest request, Consumer<String> log)
            throws EngineException, InterruptedException {
        Path place = place(request.key());
        while (true) {
            if (Files.isDirectory(place)) {
                return new DependencyLayer(request.key(), InstanceCommand.DEPENDENCIES, true);
            }
            CompletableFuture<DependencyLayer> mine = new CompletableFuture<>();
            CompletableFuture<DependencyLayer> other = running.putIfAbsent(request.key(), mine);
            if (other == null) {
                return lead(request, place, mine, log);
            }
            log.accept("the same libraries are being installed already; waiting for them");
            DependencyLayer result = resultOf(other);
            if (result != null) {
                return result;
            }
        }
    }

    private DependencyLayer lead(DependencyRequest request, Path place, CompletableFuture<DependencyLayer> result,
            Consumer<String> log) throws EngineException, InterruptedException {
        try {
            installInto(place, request, log);
            DependencyLayer layer = new DependencyLayer(request.key(), InstanceCommand.DEPENDENCIES, false);
            result.complete(layer);
            return layer;
        } catch (EngineException | InterruptedException | RuntimeException e) {
            result.completeExceptionally(e);
            throw e;
        } finally {
            running.remove(request.key(), result);
        }
    }

    /// What another thread has reached; null where it gave up for reasons of its own.
    private static @Nullable DependencyLayer resultOf(CompletableFuture<DependencyLayer> other)
            throws EngineException, InterruptedException {
        try {
            return other.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case InstallFailed failed -> throw new InstallFailed(String.valueOf(failed.getMessage()));
                case EngineException failed -> throw new EngineException(String.valueOf(failed.getMessage()), failed);
                case null, default -> {
                    return null;
                }
            }
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

    /// The layer's directory on the host.
    Path locate(DependencyLayer layer) throws EngineException {
        Path place = place(layer.key());
        if (!Files.isDirectory(place)) {
            throw new EngineException("the function's libraries are gone: deploy it again");
        }
        return place;
    }

    void remove(DependencyLayer layer) throws EngineException {
        Path place = place(layer.key());
        if (!Files.isDirectory(place)) {
            return;
        }
        try {
            Path stages = HostFiles.makeDirectory(directory.resolve(STAGES));
            Path grave = Files.createTempDirectory(stages, "r");
            Files.move(place, grave.resolve(layer.key()), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
            HostFiles.delete(grave);
        } catch (IOException e) {
            throw new EngineException("the libraries can't be removed", e);
        }
    }

    /// Removes what installations of an earlier life have left.
    void reconcile() throws IOException {
        HostFiles.delete(directory.resolve(STAGES));
    }

    private Path place(String key) throws EngineException {
        if (!key.matches("[0-9a-f]{8,128}")) {
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
