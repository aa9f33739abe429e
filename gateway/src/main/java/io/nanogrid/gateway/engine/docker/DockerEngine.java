package io.nanogrid.gateway.engine.docker;

import com.github.dockerjava.api.model.Version;
import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.DependencyRequest;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.EngineHealth;
import io.nanogrid.gateway.engine.EngineInstance;
import io.nanogrid.gateway.engine.InstanceSpec;
import io.nanogrid.gateway.engine.InterpreterVersion;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes instances as containers of a Docker daemon.
///
/// The directory of an instance must have the same path for the daemon as for the gateway.
/// Safe for use by many threads.
public final class DockerEngine implements Engine {

    private static final Logger LOG = LoggerFactory.getLogger(DockerEngine.class);

    private static final Duration HEALTH_DEADLINE = Duration.ofMillis(1500);
    private static final Duration START_DEADLINE = Duration.ofSeconds(30);

    private final AtomicBoolean closed = new AtomicBoolean();
    private final DockerCalls docker;
    private final Reaper reaper;
    private final Containers containers;
    private final RuntimeImages runtimes;
    private final Networks networks;
    private final DependencyImages dependencies;

    public DockerEngine(DockerConfig config) {
        docker = new DockerCalls(config.host());
        reaper = new Reaper(docker, config.gatewayId());
        containers = new Containers(docker, config);
        runtimes = new RuntimeImages(docker, config, new Interpreters(docker, containers, reaper));
        networks = new Networks(docker, config, containers, runtimes, reaper);
        dependencies = new DependencyImages(docker, config.gatewayId(), runtimes,
                new Installer(docker, config, containers, networks, reaper));
    }

    @Override
    public String name() {
        return "docker";
    }

    @Override
    public EngineHealth health() {
        try {
            Version version = docker.within(HEALTH_DEADLINE, "answer", () -> docker.client().versionCmd().exec());
            return new EngineHealth(true, "Docker " + version.getVersion()
                    + ": one container per instance, without capabilities and with a read-only root");
        } catch (EngineException e) {
            return new EngineHealth(false, String.valueOf(e.getMessage()));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return new EngineHealth(false, "the question whether Docker works was interrupted");
        }
    }

    @Override
    public void reconcile() throws EngineException {
        docker.surely(Duration.ofMinutes(1), "remove what was left behind", () -> {
            reaper.sweep();
            networks.remove();
            return null;
        });
    }

    @Override
    public String prepare(RuntimeDescriptor runtime, Consumer<String> log)
            throws EngineException, InterruptedException {
        return runtimes.prepare(runtime, log).name();
    }

    @Override
    public Optional<InterpreterVersion> version(RuntimeDescriptor runtime) {
        return runtimes.known(runtime).map(image -> InterpreterVersion.read(image.version()));
    }

    @Override
    public DependencyLayer install(DependencyRequest request, Consumer<String> log)
            throws EngineException, InterruptedException {
        return dependencies.install(request, log);
    }

    @Override
    public Set<String> layers() throws EngineException {
        return dependencies.layers();
    }

    @Override
    public void remove(DependencyLayer layer) throws EngineException {
        dependencies.remove(layer);
    }

    @Override
    public EngineInstance start(InstanceSpec spec) throws EngineException, InterruptedException {
        RuntimeImage runtime = runtimes.prepare(spec.runtime(), LOG::debug);
        DependencyLayer layer = spec.dependencies();
        String image = layer == null ? runtime.name() : dependencies.image(layer, spec.runtime(), runtime);
        String network = spec.network() ? networks.require() : Containers.NO_NETWORK;
        open(spec.directory());
        reaper.claim(spec.id());
        boolean started = false;
        try {
            String containerId = docker.within(START_DEADLINE, "create an instance",
                    () -> containers.instance(spec, runtime, image, network).exec().getId());
            var instance = new DockerInstance(docker, reaper, spec.id(), containerId);
            reaper.watch(instance);
            docker.within(START_DEADLINE, "start an instance",
                    () -> docker.client().startContainerCmd(containerId).exec());
            instance.started();
            if (spec.network()) {
                networks.confine(containerId);
            }
            started = true;
            return instance;
        } catch (EngineException e) {
            throw withoutPath(e, spec.directory());
        } finally {
            if (!started) {
                reaper.disclaim(spec.id());
            }
        }
    }

    /// The daemon names the directory when it can't mount it, which is when it doesn't see the gateway's files.
    static EngineException withoutPath(EngineException e, Path directory) {
        String message = String.valueOf(e.getMessage());
        return message.contains(directory.toString())
                ? new EngineException(
                        "Docker can't see the instance's directory: where the gateway or the daemon runs in "
                                + "a container, mount RUN_DIR at the same path on both sides",
                        e)
                : e;
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (DockerInstance instance : reaper.instances()) {
                var _ = threads.submit(instance::destroy);
            }
        }
        reaper.close();
        networks.close();
        docker.close();
    }

    /// Lets the user inside reach the socket and the pipes. The directory stays closed on the host by its parent, and is
    /// read-only inside.
    private static void open(Path directory) throws EngineException {
        try {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
            for (String name : new String[]{"s", "out", "err"}) {
                Path file = directory.resolve(name);
                if (Files.exists(file)) {
                    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
                }
            }
        } catch (IOException e) {
            throw new EngineException("the instance's directory can't be opened to the instance", e);
        }
    }
}
