package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.KernelFile;
import io.nanogrid.gateway.engine.EngineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Control groups of version 2: one hierarchy.
final class GroupsV2 implements Groups {

    private static final int PERIOD_MICROS = 100_000;

    private final Path parent;
    private final Set<String> controllers;
    private final Limits limits;

    /// @param parent directory of this gateway's groups
    /// @param controllers those of `memory`, `pids`, `cpu` that groups below `parent` have
    GroupsV2(Path parent, Set<String> controllers, Limits limits) {
        this.parent = parent;
        this.controllers = controllers;
        this.limits = limits;
    }

    @Override
    public boolean limitMemory() {
        return controllers.contains("memory");
    }

    @Override
    public String detail() {
        return "control groups version 2 (" + String.join(", ", controllers) + ")";
    }

    @Override
    public Group create(String id, int memoryMb) throws EngineException {
        Path directory = parent.resolve(id);
        try {
            Files.createDirectory(directory);
            limit(directory, memoryMb);
            return new V2Group(directory);
        } catch (IOException e) {
            GroupFiles.remove(directory);
            throw new EngineException("a control group for the instance can't be made", e);
        }
    }

    void limit(Path directory, int memoryMb) throws IOException {
        if (controllers.contains("memory")) {
            GroupFiles.write(directory.resolve("memory.max"), Long.toString((long) memoryMb << 20));
            // Absent where the kernel has no swap, and oom.group before 4.19.
            writeIfThere(directory.resolve("memory.swap.max"), "0");
            writeIfThere(directory.resolve("memory.oom.group"), "1");
        }
        if (controllers.contains("pids")) {
            GroupFiles.write(directory.resolve("pids.max"), Integer.toString(limits.processes()));
        }
        if (controllers.contains("cpu") && limits.processors() > 0) {
            GroupFiles.write(directory.resolve("cpu.max"),
                    (long) Math.max(1000, PERIOD_MICROS * limits.processors()) + " " + PERIOD_MICROS);
        }
    }

    private static void writeIfThere(Path file, String value) throws IOException {
        if (Files.exists(file)) {
            GroupFiles.write(file, value);
        }
    }

    @Override
    public void reconcile() {
        GroupFiles.clearBelow(parent);
    }

    @Override
    public void close() {
        GroupFiles.remove(parent);
    }

    /// @param peak the most memory that was used. Before Linux 5.19 there is no such file: what is used now is the best that is known
    private record V2Group(Path directory, @Nullable KernelFile peak) implements Group {

        V2Group(Path directory) {
            this(directory, GroupFiles.open(directory.resolve("memory.peak"), directory.resolve("memory.current")));
        }

        @Override
        public List<Path> joins() {
            return List.of(directory.resolve("cgroup.procs"));
        }

        @Override
        public OptionalLong peakBytes() {
            return GroupFiles.number(peak);
        }

        @Override
        public boolean outOfMemory() {
            return GroupFiles.field(directory.resolve("memory.events"), "oom_kill") > 0;
        }

        @Override
        public void remove() {
            GroupFiles.close(peak);
            GroupFiles.remove(directory);
        }
    }
}
