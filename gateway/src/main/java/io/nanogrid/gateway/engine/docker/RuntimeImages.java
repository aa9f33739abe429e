package io.nanogrid.gateway.engine.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.command.PullImageResultCallback;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.BuildResponseItem;
import com.github.dockerjava.api.model.ResponseItem;
import io.nanogrid.gateway.engine.BootstrapDigest;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.InstanceCommand;
import io.nanogrid.gateway.engine.LineSink;
import io.nanogrid.spi.RuntimeDescriptor;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Builds the image of each runtime once: its base, and the bootstrap on top.
///
/// Safe for use by many threads; builds run one at a time.
final class RuntimeImages {

    private static final Duration BUILD_DEADLINE = Duration.ofMinutes(3);

    private final DockerCalls docker;
    private final DockerConfig config;
    private final Interpreters interpreters;
    private final Map<RuntimeDescriptor, RuntimeImage> ready = new ConcurrentHashMap<>();

    /// Guards building and pulling.
    private final ReentrantLock building = new ReentrantLock();

    /// Images that couldn't be pulled: not tried again for each deploy. Guarded by `building`.
    private final Set<String> unavailable = ConcurrentHashMap.newKeySet();

    RuntimeImages(DockerCalls docker, DockerConfig config, Interpreters interpreters) {
        this.docker = docker;
        this.config = config;
        this.interpreters = interpreters;
    }

    RuntimeImage prepare(RuntimeDescriptor runtime, Consumer<String> log) throws EngineException, InterruptedException {
        RuntimeImage known = ready.get(runtime);
        if (known != null) {
            return known;
        }
        building.lockInterruptibly();
        try {
            known = ready.get(runtime);
            if (known == null) {
                known = build(runtime, log);
                ready.put(runtime, known);
            }
            return known;
        } finally {
            building.unlock();
        }
    }

    /// The image, if it is ready.
    Optional<RuntimeImage> known(RuntimeDescriptor runtime) {
        return Optional.ofNullable(ready.get(runtime));
    }

    /// Forgets what is ready, so that the next [#prepare] looks again: someone has removed an image.
    void forget() {
        ready.clear();
    }

    /// The image, or null if the daemon has none of that name.
    @Nullable
    InspectImageResponse inspect(String image) throws EngineException, InterruptedException {
        return docker.within(DockerCalls.SHORT, "look up the image " + image, () -> {
            try {
                return docker.client().inspectImageCmd(image).exec();
            } catch (NotFoundException _) {
                return null;
            }
        });
    }

    /// Builds an image from a context with a `Dockerfile`.
    void build(String name, Tar context, Map<String, String> labels, Consumer<String> log)
            throws EngineException, InterruptedException {
        var lines = new LineSink(log);
        docker.within(BUILD_DEADLINE, "build the image " + name, () -> {
            var callback = new ResultCallback.Adapter<BuildResponseItem>() {
                private volatile @Nullable String error;

                @Override
                public void onNext(BuildResponseItem item) {
                    if (item.getStream() != null) {
                        lines.accept(item.getStream());
                    }
                    ResponseItem.ErrorDetail detail = item.getErrorDetail();
                    if (detail != null) {
                        error = detail.getMessage();
                    }
                }
            };
            try (callback) {
                docker.client().buildImageCmd().withTarInputStream(context.stream()).withTags(Set.of(name))
                        .withLabels(labels).withRemove(true).withForcerm(true).withNetworkMode("none")
                        .exec(callback).awaitCompletion();
            }
            if (callback.error != null) {
                throw new EngineException("Docker couldn't build the image " + name + ": " + callback.error);
            }
            return null;
        });
        lines.flush();
    }

    private RuntimeImage build(RuntimeDescriptor runtime, Consumer<String> log)
            throws EngineException, InterruptedException {
        InspectImageResponse base = base(runtime, log);
        String name = repository(runtime) + ":" + tag(runtime, base);
        String version = version(inspect(name));
        if (version == null) {
            version = interpreters.version(String.valueOf(base.getId()), runtime);
            log.accept("building " + name);
            build(name, context(runtime, base),
                    Map.of(Labels.GATEWAY, config.gatewayId(), Labels.RUNTIME, runtime.id(), Labels.VERSION, version),
                    log);
            removeOthers(runtime, name);
        }
        String[] environment = base.getConfig() == null ? null : base.getConfig().getEnv();
        String path = RuntimeImage.path(environment == null ? List.of() : List.of(environment));
        return new RuntimeImage(name, path, version);
    }

    /// What was found when the image was built.
    private static @Nullable String version(@Nullable InspectImageResponse image) {
        Map<String, String> labels = image == null || image.getConfig() == null ? null : image.getConfig().getLabels();
        return labels == null ? null : labels.get(Labels.VERSION);
    }

    /// Removes what this gateway built for the runtime before, from an older version or base. What something still stands on stays.
    private void removeOthers(RuntimeDescriptor runtime, String name) throws EngineException, InterruptedException {
        docker.within(BUILD_DEADLINE, "remove old images", () -> {
            var own = docker.client().listImagesCmd()
                    .withLabelFilter(Map.of(Labels.GATEWAY, config.gatewayId(), Labels.RUNTIME, runtime.id())).exec();
            for (var image : own) {
                String[] tags = image.getRepoTags() == null ? new String[0] : image.getRepoTags();
                for (String tag : tags) {
                    if (tag.startsWith(repository(runtime) + ":") && !tag.equals(name)
                            && ready.values().stream().noneMatch(used -> used.name().equals(tag))) {
                        remove(tag);
                    }
                }
            }
            return null;
        });
    }

    private void remove(String image) {
        try {
            docker.client().removeImageCmd(image).exec();
        } catch (NotFoundException | ConflictException _) {
            // Somebody was faster, or an instance still runs on it.
        }
    }

    private static String repository(RuntimeDescriptor runtime) {
        return "nanogrid/runtime-" + runtime.id();
    }

    private InspectImageResponse base(RuntimeDescriptor runtime, Consumer<String> log)
            throws EngineException, InterruptedException {
        String override = config.baseImages().get(runtime.id());
        if (override != null) {
            InspectImageResponse found = localOrPulled(override, log);
            if (found == null) {
                throw new EngineException("the base image '" + override + "' that " + runtime.image().setting()
                        + " names is neither present nor can it be pulled: correct the setting, or pull it by hand");
            }
            return found;
        }
        String usual = runtime.image().base();
        String fallback = runtime.image().fallback();
        InspectImageResponse found = inspect(usual);
        if (found == null) {
            // Before a pull: where there is no registry, each start would wait for one in vain.
            found = inspect(fallback);
        }
        if (found == null) {
            found = localOrPulled(usual, log);
        }
        if (found == null) {
            throw new EngineException("there is no base image for " + runtime.id() + ": '" + usual
                    + "' can't be pulled and '" + fallback
                    + "' doesn't exist. runtimes/base-images.sh makes it, or set "
                    + runtime.image().setting() + " to an image that you have");
        }
        return found;
    }

    private @Nullable InspectImageResponse localOrPulled(String image, Consumer<String> log)
            throws EngineException, InterruptedException {
        InspectImageResponse found = inspect(image);
        if (found != null || unavailable.contains(image)) {
            return found;
        }
        log.accept("pulling " + image + ", for " + config.pullDeadline().toSeconds() + " s at most");
        try {
            docker.within(config.pullDeadline(), "pull " + image,
                    () -> docker.client().pullImageCmd(withTag(image)).exec(new PullImageResultCallback())
                            .awaitCompletion());
        } catch (EngineException e) {
            unavailable.add(image);
            new LineSink(log).accept(e.getMessage() + "\n");
        }
        return inspect(image);
    }

    /// Without a tag the daemon would pull every one.
    private static String withTag(String image) {
        return image.lastIndexOf(':') > image.lastIndexOf('/') || image.contains("@") ? image : image + ":latest";
    }

    private static Tar context(RuntimeDescriptor runtime, InspectImageResponse base) {
        var tar = new Tar().file("Dockerfile", """
                FROM %s
                COPY root/ /
                COPY --chown=%2$d:%2$d own/ /opt/nanogrid/
                USER %2$d:%2$d
                WORKDIR /tmp
                ENTRYPOINT []
                CMD []
                """.formatted(base.getId(), RuntimeImage.USER));
        for (String directory : List.of("root", "root/run", "root/run/nanogrid", "root/var", "root/var/task",
                "root/opt",
                "root/opt/nanogrid", "root/opt/nanogrid/bootstrap")) {
            tar.directory(directory, 0);
        }
        new TreeMap<>(runtime.bootstrap())
                .forEach((name, content) -> tar.file("root" + InstanceCommand.BOOTSTRAP + "/" + name, content, 0));
        return tar.directory("own", 0).directory("own/deps", 0).directory("own/build", 0);
    }

    private String tag(RuntimeDescriptor runtime, InspectImageResponse base) {
        return config.gatewayVersion().replaceAll("[^A-Za-z0-9_.-]", "-") + "-"
                + BootstrapDigest.of(runtime, 6, String.valueOf(base.getId()), runtime.image().interpreter());
    }
}
