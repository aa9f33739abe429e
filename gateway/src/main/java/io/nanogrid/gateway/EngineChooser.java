package io.nanogrid.gateway;

import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.EngineHealth;
import io.nanogrid.gateway.engine.docker.DockerConfig;
import io.nanogrid.gateway.engine.docker.DockerEngine;
import io.nanogrid.gateway.engine.sandbox.SandboxConfig;
import io.nanogrid.gateway.engine.sandbox.SandboxEngine;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// Makes the engine that the configuration asks for, and says which and why.
final class EngineChooser {

    private static final Logger LOG = LoggerFactory.getLogger(EngineChooser.class);

    private final GatewayConfig config;
    private final DataDirectory data;
    private final Runtimes runtimes;
    private final String version;

    EngineChooser(GatewayConfig config, DataDirectory data, Runtimes runtimes, String version) {
        this.config = config;
        this.data = data;
        this.runtimes = runtimes;
        this.version = version;
    }

    Engine choose() throws EngineException, IOException, InterruptedException {
        return switch (config.engine()) {
            case DOCKER -> announced(docker(), "ENGINE=docker");
            case SANDBOX -> announced(sandbox(), "ENGINE=sandbox");
            case AUTO -> automatic();
        };
    }

    private Engine automatic() throws IOException, InterruptedException {
        Engine docker = docker();
        EngineHealth health = docker.health();
        String why = health.healthy() ? missingImage(docker) : health.detail();
        if (why == null) {
            return announced(docker, "its daemon answers and the images are there");
        }
        docker.close();
        return announced(sandbox(), "docker can't be used: " + why);
    }

    /// Why some runtime has no image, or null if all have theirs.
    private @Nullable String missingImage(Engine docker) throws InterruptedException {
        try {
            for (RuntimeDescriptor runtime : runtimes.all()) {
                docker.prepare(runtime, line -> LOG.info("{}: {}", runtime.id(), line));
            }
            return null;
        } catch (EngineException e) {
            return e.getMessage();
        }
    }

    /// Removes what an earlier gateway on this directory left that used the engine which isn't `chosen` now: nobody else would, and what is
    /// left of hostile code may still run. Docker is asked in the background, as its daemon may take its time or not be there at all.
    ///
    /// @return ends the work in the background
    AutoCloseable removeLeftoversOfTheOther(Engine chosen) {
        if (!data.usedBefore()) {
            return () -> {
            };
        }
        if (chosen instanceof DockerEngine) {
            removeLeftoversOfSandbox();
            return () -> {
            };
        }
        Engine docker = docker();
        Thread thread = Thread.startVirtualThread(() -> removeLeftoversOf(docker));
        return () -> {
            docker.close();
            thread.join();
        };
    }

    private void removeLeftoversOfSandbox() {
        try {
            SandboxEngine.removeLeftovers(sandboxConfig());
        } catch (IOException | RuntimeException e) {
            LOG.warn("What a gateway with ENGINE=sandbox left here can't be removed", e);
        }
    }

    private static void removeLeftoversOf(Engine docker) {
        try (docker) {
            reconcile(docker);
        }
    }

    private static void reconcile(Engine docker) {
        try {
            docker.reconcile();
        } catch (EngineException | RuntimeException e) {
            // Most machines whose gateway has the sandbox have no daemon, and nothing of it.
            boolean there = docker.health().healthy();
            LOG.atLevel(there ? Level.WARN : Level.DEBUG).setCause(e)
                    .log("What a gateway with ENGINE=docker left here can't be removed before the next start");
        }
    }

    private static Engine announced(Engine engine, String why) {
        LOG.info("Engine: {} ({})", engine.name(), why);
        EngineHealth health = engine.health();
        if (health.healthy()) {
            LOG.info("Isolation: {}", health.detail());
        } else {
            LOG.error("Functions can't run: {}", health.detail());
        }
        return engine;
    }

    private Engine docker() {
        DockerConfig defaults = DockerConfig.of(data.gatewayId(), version);
        Map<String, String> images = new HashMap<>();
        for (RuntimeDescriptor runtime : runtimes.all()) {
            String image = config.baseImages().get(runtime.image().setting());
            if (image != null) {
                images.put(runtime.id(), image);
            }
        }
        String networkImage = Objects.requireNonNullElse(config.networkImage(), defaults.networkImage());
        return new DockerEngine(new DockerConfig(data.gatewayId(), version, defaults.host(), images, defaults.cpus(),
                defaults.pids(), defaults.openFiles(), defaults.scratchBytes(), defaults.pullDeadline(),
                defaults.install(), networkImage, config.networkAllow()));
    }

    private Engine sandbox() throws IOException {
        return new SandboxEngine(sandboxConfig());
    }

    private SandboxConfig sandboxConfig() throws IOException {
        SandboxConfig defaults = SandboxConfig.defaults(data.gatewayId(), data.dependencies(), data.staging());
        List<Path> path = Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .filter(directory -> !directory.isBlank()).map(Path::of).toList();
        GatewayConfig.UidRange range = config.sandboxUids();
        SandboxConfig.UidRange uids = new SandboxConfig.UidRange(range.first(), range.last());
        return new SandboxConfig(data.gatewayId(), data.dependencies(), data.staging(), uids,
                defaults.groups(), defaults.processors(), defaults.processes(), defaults.openFiles(), defaults.fileMb(),
                defaults.scratchMb(), config.sandboxRoot(), path, config.networkAllow());
    }
}
