package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.KernelFile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reading and writing the files of control groups, the same for both versions.
final class GroupFiles {

    private static final Logger LOG = LoggerFactory.getLogger(GroupFiles.class);

    private GroupFiles() {
    }

    static void write(Path file, String value) throws IOException {
        Files.writeString(file, value, StandardOpenOption.WRITE);
    }

    /// The first of the files that is there, kept open, or null.
    static @Nullable KernelFile open(Path... files) {
        for (Path file : files) {
            try {
                return new KernelFile(file);
            } catch (IOException e) {
                LOG.debug("A control group has no {}", file.getFileName());
            }
        }
        return null;
    }

    /// The number in a file that holds nothing else.
    static OptionalLong number(@Nullable KernelFile file) {
        return file == null ? OptionalLong.empty() : file.number();
    }

    static void close(@Nullable KernelFile file) {
        if (file != null) {
            file.close();
        }
    }

    /// The number after `key` in a file of lines `key number`; 0 when it isn't there.
    static long field(Path file, String key) {
        try {
            for (String line : Files.readAllLines(file)) {
                if (line.startsWith(key + " ")) {
                    return Long.parseLong(line.substring(key.length() + 1).strip());
                }
            }
        } catch (IOException | NumberFormatException e) {
            LOG.debug("No {} in a control group", key, e);
        }
        return 0;
    }

    /// Removes a group without processes. The kernel may hold it for a moment after the last one has gone.
    static void remove(Path group) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (true) {
            try {
                Files.deleteIfExists(group);
                return;
            } catch (IOException e) {
                if (System.nanoTime() > deadline) {
                    LOG.warn("A control group can't be removed: {}", group, e);
                    return;
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
        }
    }

    /// Kills everything in the groups below `parent` and removes them, not `parent`.
    static void clearBelow(Path parent) {
        if (!Files.isDirectory(parent)) {
            return;
        }
        try (DirectoryStream<Path> groups = Files.newDirectoryStream(parent, Files::isDirectory)) {
            for (Path group : groups) {
                kill(group);
                remove(group);
            }
        } catch (IOException e) {
            LOG.warn("Control groups of an earlier life can't be listed", e);
        }
    }

    private static void kill(Path group) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (System.nanoTime() < deadline) {
            var pids = Files.readAllLines(group.resolve("cgroup.procs"));
            if (pids.isEmpty()) {
                return;
            }
            for (String pid : pids) {
                ProcessHandle.of(Long.parseLong(pid.strip())).ifPresent(ProcessHandle::destroyForcibly);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
        }
    }
}
