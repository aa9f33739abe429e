package io.nanogrid.gateway.engine.docker;

import io.nanogrid.gateway.engine.InitChildren;
import io.nanogrid.gateway.engine.KernelFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A container as the host's own files show it. There is none where the gateway doesn't see the host's processes, as when it
/// runs in a container itself.
///
/// Its two files stay open from its making to [#close], as they are read after every call.
final class HostView implements AutoCloseable {

    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    private final String containerId;
    /// The container's init process.
    private final long pid;
    /// Of its memory cgroup, what holds the most memory used; null where that can't be seen.
    private final @Nullable KernelFile peak;
    private final @Nullable InitChildren children;

    private HostView(String containerId, long pid, @Nullable KernelFile peak, @Nullable InitChildren children) {
        this.containerId = containerId;
        this.pid = pid;
        this.peak = peak;
        this.children = children;
    }

    /// The view on a running container, if `pid` is really its process here.
    static Optional<HostView> of(String containerId, long pid) {
        if (!belongs(containerId, pid)) {
            return Optional.empty();
        }
        Path peak = peakFile(pid);
        return Optional.of(new HostView(containerId, pid, peak == null ? null : open(peak), children(pid)));
    }

    private static @Nullable KernelFile open(Path file) {
        try {
            return new KernelFile(file);
        } catch (IOException _) {
            return null;
        }
    }

    private static @Nullable InitChildren children(long init) {
        try {
            return new InitChildren(init);
        } catch (IOException _) {
            return null;
        }
    }

    OptionalLong peakMemoryBytes() {
        return peak == null ? OptionalLong.empty() : peak.number();
    }

    boolean hasOrphans() {
        return children != null && children.hasOrphans();
    }

    @Override
    public void close() {
        if (peak != null) {
            peak.close();
        }
        if (children != null) {
            children.close();
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
