package io.nanogrid.gateway.engine.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds the control groups that this process may make groups of its own in.
final class GroupDetection {

    private static final Logger LOG = LoggerFactory.getLogger(GroupDetection.class);
    private static final List<String> WANTED = List.of("memory", "pids", "cpu");

    /// "" is version 2, which has all of its own in one place.
    private static final List<String> EVERY = List.of("memory", "pids", "cpu", "");

    private final Path mountinfo;
    private final Path ownGroups;

    /// @param mountinfo `/proc/self/mountinfo`
    /// @param ownGroups `/proc/self/cgroup`
    GroupDetection(Path mountinfo, Path ownGroups) {
        this.mountinfo = mountinfo;
        this.ownGroups = ownGroups;
    }

    static Groups detect(String gatewayId, Groups.Limits limits) {
        try {
            return new GroupDetection(Path.of("/proc/self/mountinfo"), Path.of("/proc/self/cgroup"))
                    .find(nameFor(gatewayId), limits);
        } catch (IOException e) {
            LOG.debug("Control groups can't be looked for", e);
            return new NoGroups("/proc tells nothing about them");
        }
    }

    /// Kills what an earlier life of the gateway has left in its groups, and removes them with their parent. Makes none.
    static void removeLeftovers(String gatewayId) throws IOException {
        for (Path parent : new GroupDetection(Path.of("/proc/self/mountinfo"), Path.of("/proc/self/cgroup"))
                .existing(nameFor(gatewayId))) {
            GroupFiles.clearBelow(parent);
            GroupFiles.remove(parent);
        }
    }

    private static String nameFor(String gatewayId) {
        return "nanogrid-" + gatewayId;
    }

    /// The directories of that name which [#find] has made at some time.
    List<Path> existing(String name) throws IOException {
        Set<Path> found = new LinkedHashSet<>();
        for (String controller : EVERY) {
            for (Path parent : Arrays.asList(own(controller), mountPoint(controller))) {
                if (parent != null && Files.isDirectory(parent.resolve(name))) {
                    found.add(parent.resolve(name));
                }
            }
        }
        return List.copyOf(found);
    }

    /// @param name of the directory for this gateway's groups
    Groups find(String name, Groups.Limits limits) throws IOException {
        Map<String, Path> v1 = new LinkedHashMap<>();
        for (String controller : WANTED) {
            // Joining a group of version 1 takes milliseconds: no group without a limit.
            Path own = controller.equals("cpu") && limits.processors() == 0 ? null : own(controller);
            if (own != null && makeable(own.resolve(name))) {
                v1.put(controller, own.resolve(name));
            }
        }
        if (v1.containsKey("memory")) {
            return new GroupsV1(v1, limits);
        }
        Path unified = own("");
        if (unified == null) {
            return new NoGroups("they aren't mounted or aren't writable");
        }
        Groups v2 = version2(unified, name, limits);
        return v2 == null ? new NoGroups("none is delegated to the gateway") : v2;
    }

    private @Nullable Groups version2(Path own, String name, Groups.Limits limits) {
        Path top = mountPoint("");
        // The real root is the only group that may have both processes and groups with limits; only root may write there.
        if (top != null && !Files.exists(top.resolve("cgroup.type"))) {
            Groups groups = below(top, name, limits);
            if (groups != null) {
                return groups;
            }
        }
        Path leaf = own.resolve("nanogrid-gateway");
        try {
            // A group with limited groups below it may hold no processes itself: the gateway moves into a leaf.
            Files.createDirectories(leaf);
            GroupFiles.write(leaf.resolve("cgroup.procs"), "0");
            Groups groups = below(own, name, limits);
            if (groups != null) {
                return groups;
            }
            GroupFiles.write(own.resolve("cgroup.procs"), "0");
            Files.deleteIfExists(leaf);
        } catch (IOException e) {
            LOG.debug("The gateway's own control group isn't delegated", e);
        }
        return null;
    }

    private static @Nullable Groups below(Path directory, String name, Groups.Limits limits) {
        try {
            Path parent = Files.createDirectories(directory.resolve(name));
            enable(directory);
            enable(parent);
            Set<String> controllers = enabled(parent);
            if (controllers.contains("memory")) {
                return new GroupsV2(parent, controllers, limits);
            }
            Files.deleteIfExists(parent);
        } catch (IOException e) {
            LOG.debug("No control groups can be made here", e);
        }
        return null;
    }

    private static void enable(Path directory) {
        for (String controller : WANTED) {
            try {
                GroupFiles.write(directory.resolve("cgroup.subtree_control"), "+" + controller);
            } catch (IOException e) {
                LOG.debug("Controller {} can't be enabled", controller, e);
            }
        }
    }

    private static Set<String> enabled(Path directory) throws IOException {
        Set<String> enabled = new LinkedHashSet<>(
                List.of(Files.readString(directory.resolve("cgroup.subtree_control")).strip().split(" ")));
        enabled.retainAll(WANTED);
        return enabled;
    }

    /// The gateway's own group of a controller (of version 2 for ""), or null where it isn't mounted or isn't visible.
    private @Nullable Path own(String controller) throws IOException {
        Path mount = mountPoint(controller);
        if (mount == null) {
            return null;
        }
        for (String line : Files.readAllLines(ownGroups)) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && List.of(parts[1].split(",")).contains(controller)) {
                Path own = mount.resolve(parts[2].substring(1));
                return Files.isDirectory(own) ? own : mount;
            }
        }
        return null;
    }

    private @Nullable Path mountPoint(String controller) {
        try {
            for (String line : Files.readAllLines(mountinfo)) {
                String[] halves = line.split(" - ", 2);
                String[] kind = halves[1].split(" ", 3);
                boolean match = controller.isEmpty()
                        ? kind[0].equals("cgroup2")
                        : kind[0].equals("cgroup") && List.of(kind[2].split(",")).contains(controller);
                if (match) {
                    return Path.of(halves[0].split(" ")[4]);
                }
            }
        } catch (IOException e) {
            LOG.debug("Mounts can't be read", e);
        }
        return null;
    }

    private static boolean makeable(Path directory) {
        try {
            return Files.isWritable(Files.createDirectories(directory));
        } catch (IOException e) {
            return false;
        }
    }
}
