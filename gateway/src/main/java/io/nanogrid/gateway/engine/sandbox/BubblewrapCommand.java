package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.InstanceCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Builds bubblewrap's arguments: what a sandbox sees and may do. Not for use by many threads.
final class BubblewrapCommand {

    /// What of `/proc` tells about the host.
    private static final List<String> HIDDEN_FILES = List.of("/proc/cmdline", "/proc/kcore", "/proc/keys",
            "/proc/latency_stats", "/proc/sched_debug", "/proc/timer_list");
    private static final List<String> HIDDEN_DIRECTORIES = List.of("/proc/acpi", "/proc/scsi");
    private static final List<String> TOP_LEVEL = List.of("/bin", "/sbin", "/lib", "/lib32", "/lib64");

    private final List<String> arguments = new ArrayList<>();

    /// @param root directory with the operating system, or null for the host's own
    /// @param etc host directory that becomes `/etc`
    /// @param scratchBytes size of `/tmp`
    /// @param network whether the network namespace around this sandbox is to be used, instead of an empty one
    BubblewrapCommand(@Nullable Path root, Path etc, long scratchBytes, boolean network) {
        add("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup");
        if (!network) {
            add("--unshare-net");
        }
        add("--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--die-with-parent", "--new-session");
        add("--hostname", "function");
        system(root == null ? Path.of("/") : root);
        readOnly(etc, "/etc");
        add("--proc", "/proc");
        for (String file : HIDDEN_FILES) {
            if (Files.exists(Path.of(file))) {
                add("--ro-bind", "/dev/null", file);
            }
        }
        for (String directory : HIDDEN_DIRECTORIES) {
            if (Files.isDirectory(Path.of(directory))) {
                add("--tmpfs", directory, "--remount-ro", directory);
            }
        }
        add("--dev", "/dev");
        scratch("/dev/shm", Math.min(scratchBytes, 64L << 20));
        scratch("/tmp", scratchBytes);
    }

    private void system(Path root) {
        readOnly(root.resolve("usr"), "/usr");
        for (String directory : TOP_LEVEL) {
            Path host = root.resolve(directory.substring(1));
            if (Files.isSymbolicLink(host)) {
                add("--symlink", "usr" + directory, directory);
            } else if (Files.isDirectory(host)) {
                readOnly(host, directory);
            }
        }
    }

    BubblewrapCommand readOnly(Path host, String inside) {
        return add("--ro-bind", host.toString(), inside);
    }

    BubblewrapCommand writable(Path host, String inside) {
        return add("--bind", host.toString(), inside);
    }

    /// A file system in memory, empty, writable, and no larger than that.
    BubblewrapCommand scratch(String inside, long bytes) {
        return add("--size", Long.toString(bytes), "--perms", "0700", "--tmpfs", inside);
    }

    /// Everything that isn't writable on purpose becomes read-only.
    List<String> build(String workingDirectory) {
        add("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", workingDirectory);
        return List.copyOf(arguments);
    }

    /// Limits that hold without control groups. They are set inside: only there does the kernel count an instance's processes alone.
    static List<String> limited(SandboxConfig config, List<String> command) {
        List<String> limited = new ArrayList<>(List.of("prlimit",
                "--nproc=" + config.processes() + ":" + config.processes(),
                "--nofile=" + config.openFiles() + ":" + config.openFiles(),
                "--fsize=" + ((long) config.fileMb() << 20) + ":" + ((long) config.fileMb() << 20),
                "--core=0:0", "--"));
        limited.addAll(command);
        return limited;
    }

    /// `command` with exactly the environment that processes inside have.
    static List<String> withEnvironment(Map<String, String> extra, String path, List<String> command) {
        List<String> words = new ArrayList<>(List.of("env", "-i"));
        InstanceCommand.environment(extra, path).forEach((name, value) -> words.add(name + "=" + value));
        words.addAll(command);
        return words;
    }

    private BubblewrapCommand add(String... words) {
        arguments.addAll(List.of(words));
        return this;
    }
}
