package io.nanogrid.gateway.engine.docker;

import io.nanogrid.gateway.config.AddressRange;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Settings of the docker engine.
///
/// @param gatewayId marks containers as this gateway's; `[a-zA-Z0-9._-]{1,64}`
/// @param gatewayVersion part of the tags of the images that the engine builds
/// @param host address of the daemon, such as `unix:///var/run/docker.sock`; null means what docker's own settings say
/// @param baseImages runtime id → image that replaces the runtime's own base
/// @param cpus processors that an instance may use, as a fraction
/// @param pids processes and threads of an instance
/// @param openFiles open files of each process of an instance
/// @param scratchBytes upper bound of `/tmp` and of `/var/task`, each; half of the instance's memory where that is less
/// @param pullDeadline how long a pull of a base image may take
/// @param install limits of an installation of libraries
/// @param networkImage image with `sh` and `ip`, for setting the limits of instances with network
/// @param networkAllow networks that instances with network may reach although they are private
public record DockerConfig(
        String gatewayId,
        String gatewayVersion,
        @Nullable String host,
        Map<String, String> baseImages,
        double cpus,
        int pids,
        int openFiles,
        long scratchBytes,
        Duration pullDeadline,
        Install install,
        String networkImage,
        List<AddressRange> networkAllow) {

    public DockerConfig {
        require(gatewayId.matches("[a-zA-Z0-9._-]{1,64}"), "gatewayId must match [a-zA-Z0-9._-]{1,64}", gatewayId);
        require(!gatewayVersion.isBlank(), "gatewayVersion must not be blank", gatewayVersion);
        require(cpus >= 0.01 && cpus <= 1024, "cpus must be between 0.01 and 1024", cpus);
        require(pids >= 8, "pids must be at least 8", pids);
        require(openFiles >= 64, "openFiles must be at least 64", openFiles);
        require(scratchBytes >= 1 << 20, "scratchBytes must be at least 1 MiB", scratchBytes);
        require(pullDeadline.isPositive(), "pullDeadline must be positive", pullDeadline);
        baseImages = Map.copyOf(baseImages);
        networkAllow = List.copyOf(networkAllow);
    }

    /// The defaults for a gateway.
    public static DockerConfig of(String gatewayId, String gatewayVersion) {
        return new DockerConfig(gatewayId, gatewayVersion, null, Map.of(), 1.0, 64, 1024, 512L << 20,
                Duration.ofMinutes(2), Install.DEFAULT, "nanogrid-base-net:local", List.of());
    }

    private static void require(boolean holds, String rule, Object value) {
        if (!holds) {
            throw new IllegalArgumentException(rule + ", not '" + value + "'");
        }
    }

    /// Limits of an installation.
    ///
    /// @param memoryMb memory of the installer, in MiB
    /// @param pids processes and threads of the installer
    /// @param deadline how long it may take
    /// @param maxBytes how much it may leave on the disk
    public record Install(int memoryMb, int pids, Duration deadline, long maxBytes) {

        public static final Install DEFAULT = new Install(1024, 256, Duration.ofMinutes(10), 1L << 30);

        public Install {
            require(memoryMb >= 64, "install.memoryMb must be at least 64", memoryMb);
            require(pids >= 8, "install.pids must be at least 8", pids);
            require(deadline.isPositive(), "install.deadline must be positive", deadline);
            require(maxBytes >= 1 << 20, "install.maxBytes must be at least 1 MiB", maxBytes);
        }
    }
}
