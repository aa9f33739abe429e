package io.nanogrid.gateway.engine.docker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.StringTokenizer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A container as the host's own files show it. There is none where the gateway doesn't see the host's processes, as when it
/// runs in a container itself.
///
/// @param pid the container's init process
/// @param peak the file of its memory cgroup that holds the most memory used; null where that can't be seen
record HostView(String containerId, long pid, @Nullable Path peak) {

    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    /// The view on a running container, if `pid` is really its process here.
    static Optional<HostView> of(String containerId, long pid) {
        if (!belongs(containerId, pid)) {
            return Optional.empty();
        }
        return Optional.of(new HostView(containerId, pid, peakFile(pid)));
    }

    OptionalLong peakMemoryBytes() {
        if (peak == null) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseLong(Files.readString(peak).strip()));
        } catch (IOException | NumberFormatException _) {
            return OptionalLong.empty();
        }
    }

    /// Whether init has other children than the runtime: only processes without a parent come to it.
    boolean hasOrphans() {
        try {
            return new StringTokenizer(Files.readString(childrenFile())).countTokens() > 1;
        } catch (IOException _) {
            return false;
        }
    }

    /// Kills init, with which the kernel kills all else in the container, without the daemon's help.
    ///
    /// @return whether nothing runs any more
    boolean kill() {
        if (!belongs(containerId, pid)) {
            return true;
        }
        var init = ProcessHandle.of(pid);
        if (init.isEmpty()) {
            return true;
        }
        try {
            if (init.get().destroyForcibly()) {
                var _ = init.get().onExit().get(2, TimeUnit.SECONDS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException _) {
            return false;
        }
        return !init.get().isAlive();
    }

    private Path childrenFile() {
        return Path.of("/proc", Long.toString(pid), "task", Long.toString(pid), "children");
    }

    private static boolean belongs(String containerId, long pid) {
        if (pid <= 0) {
            return false;
        }
        try {
            return Files.readString(cgroupOf(pid)).contains(containerId);
        } catch (IOException _) {
            return false;
        }
    }

    private static Path cgroupOf(long pid) {
        return Path.of("/proc", Long.toString(pid), "cgroup");
    }

    private static @Nullable Path peakFile(long pid) {
        try {
            for (String line : Files.readAllLines(cgroupOf(pid))) {
                String[] parts = line.split(":", 3);
                Path file;
                if (parts[1].equals("memory")) {
                    file = Path.of(CGROUPS + "/memory" + parts[2] + "/memory.max_usage_in_bytes");
                } else if (parts[0].equals("0")) {
                    file = Path.of(CGROUPS + parts[2] + "/memory.peak");
                } else {
                    continue;
                }
                if (Files.isReadable(file)) {
                    return file;
                }
            }
        } catch (IOException _) {
            return null;
        }
        return null;
    }
}
