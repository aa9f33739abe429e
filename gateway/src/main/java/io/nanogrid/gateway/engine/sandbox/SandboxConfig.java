package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.config.AddressRange;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Settings of the sandbox engine.
///
/// @param gatewayId names this gateway's groups, so that a later life of it finds them; `[a-z0-9-]{1,40}`
/// @param dependencies host directory of installed libraries
/// @param runtimeDirectory host directory for the bootstrap files and the like. Like `dependencies`, other users must be
///        able to pass through its parents
/// @param uids host uids for instances when the gateway runs as root; each live instance has its own
/// @param groups how memory, processes and processor time are limited
/// @param processors processor time per second, in processors; 0 for no limit
/// @param processes the most processes and threads of an instance
/// @param openFiles the most descriptors of a process
/// @param fileMb the largest file that an instance can write, in MiB
/// @param scratchMb size of `/tmp`, and again of `/var/task`, in MiB; 0 for half of the instance's memory each
/// @param root directory with the operating system to show to instances in place of the host's own
/// @param searchPath directories that interpreters are looked for in, after `/usr/bin` and `/usr/local/bin`
/// @param networkAllow private ranges that instances with network may reach nevertheless, such as `10.1.0.0/16`
public record SandboxConfig(
        String gatewayId,
        Path dependencies,
        Path runtimeDirectory,
        UidRange uids,
        GroupMode groups,
        double processors,
        int processes,
        int openFiles,
        int fileMb,
        int scratchMb,
        @Nullable Path root,
        List<Path> searchPath,
        List<AddressRange> networkAllow) {

    /// A range of host uids, both ends included.
    public record UidRange(int first, int last) {

        public UidRange {
            if (first < 1000 || last < first) {
                throw new IllegalArgumentException(
                        "SANDBOX_UIDS must be a range above 999 such as 700000-765535, not " + first + "-" + last);
            }
        }
    }

    /// `AUTO`: control groups where they can be written, else sampling. `SAMPLING`: sampling in any case.
    public enum GroupMode {
        AUTO, SAMPLING
    }

    public SandboxConfig {
        if (!gatewayId.matches("[a-z0-9-]{1,40}")) {
            throw new IllegalArgumentException("the gateway's id must match [a-z0-9-]{1,40}, not '" + gatewayId + "'");
        }
        dependencies = dependencies.toAbsolutePath().normalize();
        runtimeDirectory = runtimeDirectory.toAbsolutePath().normalize();
        searchPath = List.copyOf(searchPath);
        networkAllow = List.copyOf(networkAllow);
        if (!(processors >= 0 && processors <= 1024)) {
            throw new IllegalArgumentException("SANDBOX_CPUS must be 0 to 1024, not " + processors);
        }
        requireBetween("SANDBOX_PIDS", processes, 8, 32_768);
        requireBetween("SANDBOX_NOFILE", openFiles, 64, 1_048_576);
        requireBetween("SANDBOX_FILE_MB", fileMb, 1, 1_048_576);
        requireBetween("SANDBOX_TMP_MB", scratchMb, 0, 1_048_576);
    }

    public static SandboxConfig defaults(String gatewayId, Path dependencies, Path runtimeDirectory) {
        return new SandboxConfig(gatewayId, dependencies, runtimeDirectory, new UidRange(700_000, 765_535),
                GroupMode.AUTO, 0, 64, 1024, 512, 0, null, List.of(), List.of());
    }

    /// Bytes of `/tmp`, and again of `/var/task`, of an instance with that much memory.
    long scratchBytes(int memoryMb) {
        return (scratchMb == 0 ? Math.max(1, memoryMb / 2) : scratchMb) * 1024L * 1024L;
    }

    private static void requireBetween(String key, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + " must be " + least + " to " + most + ", not " + value);
        }
    }
}
