package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.KernelFile;
import io.nanogrid.gateway.engine.EngineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Control groups of version 1: one hierarchy for each controller.
final class GroupsV1 implements Groups {

    private static final int PERIOD_MICROS = 100_000;

    private final Map<String, Path> parents;
    private final Limits limits;

    /// @param parents controller (`memory`, `pids`, `cpu`) → directory of this gateway's groups, which may not exist yet
    GroupsV1(Map<String, Path> parents, Limits limits) {
        this.parents = new LinkedHashMap<>(parents);
        this.limits = limits;
    }

    @Override
    public boolean limitMemory() {
        return parents.containsKey("memory");
    }

    @Override
    public String detail() {
        return "control groups version 1 (" + String.join(", ", parents.keySet()) + ")";
    }

    @Override
    public Group create(String id, int memoryMb) throws EngineException {
        try {
            for (Path parent : parents.values()) {
                Files.createDirectories(parent.resolve(id));
            }
            limit(id, memoryMb);
            return new V1Group(id);
        } catch (IOException e) {
            removeAll(id);
            throw new EngineException("a control group for the instance can't be made", e);
        }
    }

    private void limit(String id, int memoryMb) throws IOException {
        Path memory = parents.get("memory");
        if (memory != null) {
            String bytes = Long.toString((long) memoryMb << 20);
            GroupFiles.write(memory.resolve(id).resolve("memory.limit_in_bytes"), bytes);
            Path withSwap = memory.resolve(id).resolve("memory.memsw.limit_in_bytes");
            if (Files.exists(withSwap)) {
                GroupFiles.write(withSwap, bytes);
            } else {
                GroupFiles.write(memory.resolve(id).resolve("memory.swappiness"), "0");
            }
        }
        Path pids = parents.get("pids");
        if (pids != null) {
            GroupFiles.write(pids.resolve(id).resolve("pids.max"), Integer.toString(limits.processes()));
        }
        Path cpu = parents.get("cpu");
        if (cpu != null && limits.processors() > 0) {
            GroupFiles.write(cpu.resolve(id).resolve("cpu.cfs_period_us"), Integer.toString(PERIOD_MICROS));
            GroupFiles.write(cpu.resolve(id).resolve("cpu.cfs_quota_us"),
                    Long.toString((long) Math.max(1000, PERIOD_MICROS * limits.processors())));
        }
    }

    private void removeAll(String id) {
        parents.values().forEach(parent -> GroupFiles.remove(parent.resolve(id)));
    }

    @Override
    public void reconcile() {
        parents.values().forEach(GroupFiles::clearBelow);
    }

    @Override
    public void close() {
        parents.values().forEach(GroupFiles::remove);
    }

    private final class V1Group implements Group {

        private final String id;
        private final @Nullable KernelFile peak;

        V1Group(String id) {
            Path memory = parents.get("memory");
            this.id = id;
            this.peak = memory == null
                    ? null
                    : GroupFiles.open(memory.resolve(id).resolve("memory.max_usage_in_bytes"));
        }

        /// The files for one thread, which the launcher is: for those of a whole process, `cgroup.procs`, the kernel first waits until no
        /// other processor forks or ends one, which takes some 10 ms.
        @Override
        public List<Path> joins() {
            return parents.values().stream().map(parent -> parent.resolve(id).resolve("tasks")).toList();
        }

        @Override
        public OptionalLong peakBytes() {
            return GroupFiles.number(peak);
        }

        @Override
        public boolean outOfMemory() {
            Path memory = parents.get("memory");
            return memory != null && GroupFiles.field(memory.resolve(id).resolve("memory.oom_control"), "oom_kill") > 0;
        }

        @Override
        public void remove() {
            GroupFiles.close(peak);
            removeAll(id);
        }
    }
}
