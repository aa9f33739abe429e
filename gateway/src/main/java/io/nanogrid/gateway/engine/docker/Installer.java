package io.nanogrid.gateway.engine.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.WaitResponse;
import io.nanogrid.gateway.engine.DependencyRequest;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.InstallFailed;
import io.nanogrid.gateway.engine.InstanceCommand;
import io.nanogrid.gateway.engine.LineSink;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor.Dependencies;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Runs an installer in a confined container. It isn't done with an image build, as that would run the installer with the builder's
/// rights and network.
///
/// Safe for use by many threads.
final class Installer {

    private static final Duration COMMIT_DEADLINE = Duration.ofMinutes(2);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(2);

    /// Waits until the network has its limits.
    private static final String WHEN_CONFINED = "until [ -e .confined ]; do sleep 0.05; done; rm .confined; exec \"$@\"";

    private final DockerCalls docker;
    private final DockerConfig config;
    private final Containers containers;
    private final Networks networks;
    private final Reaper reaper;

    Installer(DockerCalls docker, DockerConfig config, Containers containers, Networks networks, Reaper reaper) {
        this.docker = docker;
        this.config = config;
        this.containers = containers;
        this.networks = networks;
        this.reaper = reaper;
    }

    /// @param image the name of the image that keeps the container's files: hostile as a whole, so nothing may be started from it
    void install(DependencyRequest request, RuntimeImage runtime, String image, Consumer<String> log)
            throws EngineException, InterruptedException {
        Dependencies how = request.runtime().dependencies();
        if (how == null) {
            throw new IllegalArgumentException("runtime '" + request.runtime().id() + "' has no dependencies");
        }
        String id = "install-" + UUID.randomUUID();
        boolean network = networks.available();
        if (!network) {
            log.accept("installing without network, as the image that sets its limits doesn't exist: "
                    + "runtimes/base-images.sh net makes it");
        }
        reaper.claim(id);
        try {
            keep(create(id, request, how, runtime, network ? networks.require() : Containers.NO_NETWORK), network,
                    image,
                    log);
        } finally {
            reaper.disclaim(id);
        }
    }

    private void keep(String container, boolean network, String image, Consumer<String> log)
            throws EngineException, InterruptedException {
        try {
            int status = run(container, network, new LineSink(log));
            if (status != 0) {
                throw new InstallFailed(failure(container, status));
            }
            docker.within(COMMIT_DEADLINE, "keep the installed libraries",
                    () -> docker.client().commitCmd(container).withRepository(image).exec());
        } finally {
            docker.surely(DockerCalls.SHORT, "remove the installer", () -> {
                DockerInstance.remove(docker, container);
                return null;
            });
        }
    }

    private String create(String id, DependencyRequest request, Dependencies how, RuntimeImage runtime, String network)
            throws EngineException, InterruptedException {
        Map<String, String> environment = new HashMap<>(request.runtime().environment());
        environment.putAll(how.environment());
        Stream<String> gate = network.equals(Containers.NO_NETWORK)
                ? Stream.of()
                : Stream.of("/bin/sh", "-c", WHEN_CONFINED, "sh");
        List<String> command = Stream.concat(gate, how.install().stream()
                .map(word -> word.replace("{interpreter}", request.runtime().image().interpreter())
                        .replace("{target}", InstanceCommand.DEPENDENCIES)
                        .replace("{manifest}", how.manifest())))
                .toList();
        return docker.within(DockerCalls.SHORT, "create the installer", () -> {
            String container = containers.installer(id, runtime, environment, network).withCmd(command)
                    .withAttachStdout(true).withAttachStderr(true).exec().getId();
            upload(container, inputs(request));
            return container;
        });
    }

    /// Runs the installer to its end.
    ///
    /// @return its exit status
    private int run(String container, boolean network, LineSink lines) throws EngineException, InterruptedException {
        var output = new ResultCallback.Adapter<Frame>() {
            @Override
            public void onNext(Frame frame) {
                lines.accept(frame.getPayload());
            }
        };
        return docker.within(config.install().deadline().plusSeconds(30), "run the installer", () -> {
            try (output; var ended = new Ended()) {
                docker.client().attachContainerCmd(container).withStdOut(true).withStdErr(true).withFollowStream(true)
                        .exec(output).awaitStarted();
                docker.client().startContainerCmd(container).exec();
                docker.client().waitContainerCmd(container).exec(ended);
                if (network) {
                    networks.confine(container);
                    upload(container, new Tar().file(".confined", Content.of(new byte[0]), RuntimeImage.USER));
                }
                long giveUp = System.nanoTime() + config.install().deadline().toNanos();
                while (!ended.within(LOOK_EVERY)) {
                    refuseExcess(container, giveUp);
                }
                refuseExcess(container, Long.MAX_VALUE);
                output.awaitCompletion(5, TimeUnit.SECONDS);
                return ended.status.join();
            } finally {
                lines.flush();
            }
        });
    }

    private void upload(String container, Tar files) {
        docker.client().copyArchiveToContainerCmd(container).withRemotePath(RuntimeImage.BUILD)
                .withTarInputStream(files.stream()).exec();
    }

    /// Learns the exit status of a container.
    private static final class Ended extends ResultCallback.Adapter<WaitResponse> {

        final CompletableFuture<Integer> status = new CompletableFuture<>();

        @Override
        public void onNext(WaitResponse response) {
            status.complete(response.getStatusCode());
        }

        @Override
        public void onError(Throwable failure) {
            status.completeExceptionally(failure);
            onComplete();
        }

        @Override
        public void onComplete() {
            status.completeExceptionally(new IOException("the daemon ended the connection"));
            super.onComplete();
        }

        boolean within(Duration time) throws InterruptedException, ExecutionException {
            try {
                status.get(time.toMillis(), TimeUnit.MILLISECONDS);
                return true;
            } catch (TimeoutException _) {
                return false;
            }
        }
    }

    private void refuseExcess(String container, long giveUp) throws InstallFailed {
        if (System.nanoTime() - giveUp > 0) {
            throw new InstallFailed(
                    "the installation took longer than " + config.install().deadline().toSeconds() + " s");
        }
        Long size = docker.client().inspectContainerCmd(container).withSize(true).exec().getSizeRw();
        if (size != null && size > config.install().maxBytes()) {
            throw new InstallFailed("the installation takes more than " + (config.install().maxBytes() >> 20) + " MiB");
        }
    }

    private String failure(String container, int status) throws EngineException, InterruptedException {
        InspectContainerResponse found = docker.within(DockerCalls.SHORT, "look at the installer",
                () -> docker.client().inspectContainerCmd(container).exec());
        boolean memory = Boolean.TRUE.equals(found.getState().getOOMKilled());
        return memory
                ? "the installer needs more than " + config.install().memoryMb() + " MiB of memory"
                : "the installer ended with status " + status;
    }

    private static Tar inputs(DependencyRequest request) {
        var tar = new Tar();
        Set<String> directories = new HashSet<>();
        request.inputs().forEach((path, content) -> {
            if (path.startsWith("/") || List.of(path.split("/")).contains("..")) {
                throw new IllegalArgumentException("an input's path must stay inside, not '" + path + "'");
            }
            for (int slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
                if (directories.add(path.substring(0, slash))) {
                    tar.directory(path.substring(0, slash), RuntimeImage.USER);
                }
            }
            tar.file(path, content, RuntimeImage.USER);
        });
        return tar;
    }
}
