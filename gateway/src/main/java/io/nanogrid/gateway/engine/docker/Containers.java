package io.nanogrid.gateway.engine.docker;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import com.github.dockerjava.api.model.Ulimit;
import io.nanogrid.gateway.engine.InstanceCommand;
import io.nanogrid.gateway.engine.InstanceSpec;
import io.nanogrid.spi.RuntimeDescriptor;
import java.util.List;
import java.util.Map;

/// What the engine's containers are allowed: the one place that says how they are confined.
final class Containers {

    /// Network mode of a container that has loopback only.
    static final String NO_NETWORK = "none";

    private static final long CPU_PERIOD_MICROS = 100_000;

    private final DockerCalls docker;
    private final DockerConfig config;

    Containers(DockerCalls docker, DockerConfig config) {
        this.docker = docker;
        this.config = config;
    }

    /// A container for an instance.
    ///
    /// @param image the image's name: the runtime's own or one with libraries on top of it
    CreateContainerCmd instance(InstanceSpec spec, RuntimeImage runtime, String image, String network) {
        long memory = (long) spec.memoryMb() << 20;
        long scratch = Math.min(config.scratchBytes(), memory / 2);
        var host = confined(memory, config.pids())
                .withReadonlyRootfs(true)
                .withNetworkMode(network)
                .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE))
                .withTmpFs(Map.of("/tmp", tmpfs(scratch), InstanceCommand.TASK, tmpfs(scratch)))
                // Read-only: sockets and pipes still work, and nothing can be stored on the host's disk.
                .withMounts(List.of(new Mount().withType(MountType.BIND).withSource(spec.directory().toString())
                        .withTarget(InstanceCommand.DIRECTORY).withReadOnly(true)));
        RuntimeDescriptor descriptor = spec.runtime();
        return container(image, spec.id(), host, runtime, descriptor.environment())
                .withWorkingDir(InstanceCommand.TASK)
                .withCmd(InstanceCommand.of(descriptor, descriptor.image().interpreter(), spec.memoryMb(),
                        runtime.path()));
    }

    /// A container that installs libraries: its root can be written, as its layer is what is kept.
    CreateContainerCmd installer(String id, RuntimeImage runtime, Map<String, String> environment, String network) {
        var limits = config.install();
        var host = confined((long) limits.memoryMb() << 20, limits.pids())
                .withReadonlyRootfs(false)
                .withNetworkMode(network)
                .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE))
                .withTmpFs(Map.of("/tmp", tmpfs(config.scratchBytes())));
        return container(runtime.name(), id, host, runtime, environment)
                .withWorkingDir(RuntimeImage.BUILD);
    }

    /// A container that runs one short command of ours in an image.
    CreateContainerCmd trial(String id, String image, List<String> command) {
        var host = confined(64L << 20, config.pids())
                .withReadonlyRootfs(true)
                .withNetworkMode(NO_NETWORK)
                .withTmpFs(Map.of("/tmp", tmpfs(1 << 20)));
        return docker.client().createContainerCmd(image).withHostConfig(host)
                .withUser(RuntimeImage.USER + ":" + RuntimeImage.USER)
                .withEntrypoint(command).withCmd(List.of()).withWorkingDir("/tmp")
                .withAttachStdout(true).withAttachStderr(true)
                .withLabels(Map.of(Labels.GATEWAY, config.gatewayId(), Labels.INSTANCE, id));
    }

    /// A container that may configure the network of another one, and nothing else.
    CreateContainerCmd networkHelper(String id, String image, String target) {
        var host = confined(32L << 20, 16)
                .withCapAdd(Capability.NET_ADMIN)
                .withReadonlyRootfs(true)
                .withNetworkMode("container:" + target)
                .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE));
        return docker.client().createContainerCmd(image).withHostConfig(host).withUser("0:0")
                .withAttachStdout(true).withAttachStderr(true)
                .withLabels(Map.of(Labels.GATEWAY, config.gatewayId(), Labels.INSTANCE, id));
    }

    private CreateContainerCmd container(String image, String id, HostConfig host, RuntimeImage runtime,
            Map<String, String> environment) {
        return docker.client().createContainerCmd(image)
                .withHostConfig(host)
                .withUser(RuntimeImage.USER + ":" + RuntimeImage.USER)
                .withHostName("function")
                .withEnv(InstanceCommand.environment(environment, runtime.path()).entrySet().stream()
                        .map(variable -> variable.getKey() + "=" + variable.getValue()).toList())
                .withLabels(Map.of(Labels.GATEWAY, config.gatewayId(), Labels.INSTANCE, id));
    }

    private HostConfig confined(long memory, int pids) {
        return HostConfig.newHostConfig()
                .withCapDrop(Capability.ALL)
                .withSecurityOpts(List.of("no-new-privileges"))
                .withInit(true)
                .withIpcMode("private")
                .withShmSize(16L << 20)
                .withMemory(memory)
                .withMemorySwap(memory)
                .withPidsLimit((long) pids)
                // A quota, as the daemon refuses `NanoCPUs` above what the machine has.
                .withCpuPeriod(CPU_PERIOD_MICROS)
                .withCpuQuota(Math.max(1000, Math.round(config.cpus() * CPU_PERIOD_MICROS)))
                .withUlimits(List.of(new Ulimit("nofile", (long) config.openFiles(), (long) config.openFiles()),
                        new Ulimit("core", 0L, 0L)));
    }

    /// Programs may be run from it, as libraries unpack their native parts there.
    private static String tmpfs(long bytes) {
        return "rw,exec,nosuid,nodev,mode=0700,uid=" + RuntimeImage.USER + ",gid=" + RuntimeImage.USER + ",size="
                + bytes;
    }
}
