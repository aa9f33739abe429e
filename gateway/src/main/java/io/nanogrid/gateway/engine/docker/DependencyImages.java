package io.nanogrid.gateway.engine.docker;

import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.DependencyRequest;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.InstanceCommand;
import io.nanogrid.gateway.engine.Turns;
import io.nanogrid.spi.RuntimeDescriptor;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Images with libraries, one for each key, on top of a runtime's image.
///
/// Safe for use by many threads; work on one key is done by one of them at a time, and the others wait for their turn.
final class DependencyImages {

    private static final String REPOSITORY = "nanogrid/deps";

    private final DockerCalls docker;
    private final String gatewayId;
    private final RuntimeImages runtimes;
    private final Installer installer;

    private final Turns<String> turns = new Turns<>();

    /// Key → runtime image that the key's image is known to stand on.
    private final Map<String, String> known = new ConcurrentHashMap<>();

    DependencyImages(DockerCalls docker, String gatewayId, RuntimeImages runtimes, Installer installer) {
        this.docker = docker;
        this.gatewayId = gatewayId;
        this.runtimes = runtimes;
        this.installer = installer;
    }

    DependencyLayer install(DependencyRequest request, Consumer<String> log)
            throws EngineException, InterruptedException {
        String image = name(request.key());
        try (Turns<String>.Turn _ = turns.take(request.key())) {
            boolean cached = runtimes.inspect(image) != null;
            if (!cached) {
                RuntimeImage runtime = runtimes.prepare(request.runtime(), log);
                make(image, request, runtime, log);
                known.put(request.key(), runtime.name());
            }
            return new DependencyLayer(request.key(), InstanceCommand.DEPENDENCIES, cached);
        }
    }

    /// The image to start from. One that stands on an older image of the runtime gets its libraries moved to the present one.
    String image(DependencyLayer layer, RuntimeDescriptor descriptor, RuntimeImage runtime)
            throws EngineException, InterruptedException {
        String image = name(layer.key());
        if (runtime.name().equals(known.get(layer.key()))) {
            return image;
        }
        try (Turns<String>.Turn _ = turns.take(layer.key())) {
            InspectImageResponse found = runtimes.inspect(image);
            if (found == null) {
                throw new EngineException("the function's installed libraries are gone: deploy it again");
            }
            Map<String, String> labels = found.getConfig() == null ? null : found.getConfig().getLabels();
            if (labels == null || !runtime.name().equals(labels.get(Labels.BASE))) {
                copy(image, image, descriptor, runtime);
                removeUnused(found.getId());
            }
            known.put(layer.key(), runtime.name());
            return image;
        }
    }

    void remove(DependencyLayer layer) throws EngineException {
        String image = name(layer.key());
        try (Turns<String>.Turn _ = turns.takeSurely(layer.key())) {
            removeImage(image, false);
            known.remove(layer.key());
        }
    }

    /// The keys of this gateway's images. Those that other gateways have made on the same daemon are theirs to remove.
    Set<String> layers() throws EngineException {
        String prefix = REPOSITORY + ":";
        return docker.surely(DockerCalls.SHORT, "list the installed libraries",
                () -> docker.client().listImagesCmd().withLabelFilter(Map.of(Labels.GATEWAY, gatewayId)).exec().stream()
                        .flatMap(
                                image -> image.getRepoTags() == null ? Stream.of() : Arrays.stream(image.getRepoTags()))
                        .filter(name -> name.startsWith(prefix)).map(name -> name.substring(prefix.length()))
                        .collect(Collectors.toSet()));
    }

    private void make(String image, DependencyRequest request, RuntimeImage runtime, Consumer<String> log)
            throws EngineException, InterruptedException {
        String installed = "nanogrid/installed-" + UUID.randomUUID();
        try {
            installer.install(request, runtime, installed, log);
            copy(installed, image, request.runtime(), runtime);
        } finally {
            removeImage(installed, true);
        }
    }

    /// Takes the libraries, and nothing else, from one image and makes another of them.
    private void copy(String from, String to, RuntimeDescriptor descriptor, RuntimeImage runtime)
            throws EngineException, InterruptedException {
        var context = new Tar().file("Dockerfile", """
                FROM %1$s
                COPY --from=%2$s %3$s %3$s
                """.formatted(runtime.name(), from, InstanceCommand.DEPENDENCIES));
        var labels = Map.of(Labels.GATEWAY, gatewayId, Labels.RUNTIME, descriptor.id(), Labels.BASE, runtime.name());
        runtimes.build(to, context, labels, _ -> {
        });
    }

    /// @param force also if a container has it, which then keeps its layers on the disk for ever
    private void removeImage(String image, boolean force) throws EngineException {
        docker.surely(DockerCalls.SHORT, "remove the image " + image, () -> {
            try {
                docker.client().removeImageCmd(image).withForce(force).exec();
            } catch (NotFoundException _) {
                // There is none.
            } catch (ConflictException e) {
                throw new EngineException("the installed libraries are in use by a running instance", e);
            }
            return null;
        });
    }

    /// Removes an image that has lost its name, unless something still runs on it.
    private void removeUnused(@Nullable String id) throws EngineException, InterruptedException {
        if (id == null) {
            return;
        }
        docker.within(DockerCalls.SHORT, "remove an old image", () -> {
            try {
                docker.client().removeImageCmd(id).exec();
            } catch (NotFoundException | ConflictException _) {
                // It goes with its last container.
            }
            return null;
        });
    }

    private static String name(String key) {
        if (!key.matches("[0-9a-f]{1,128}")) {
            throw new IllegalArgumentException("a layer's key must be hexadecimal, not '" + key + "'");
        }
        return REPOSITORY + ":" + key;
    }
}
