package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against directories that are laid out as the kernel lays out control groups.
class GroupDetectionTest {

    private static final Groups.Limits LIMITS = new Groups.Limits(64, 0.5);

    @TempDir
    Path directory;
    private Path mountinfo;
    private Path own;
    private Path unified;

    @BeforeEach
    void layOut() throws IOException {
        mountinfo = directory.resolve("mountinfo");
        own = directory.resolve("cgroup");
        unified = Files.createDirectory(directory.resolve("unified"));
        Files.writeString(mountinfo, "30 20 0:25 / " + unified + " rw - cgroup2 cgroup2 rw\n");
        Files.writeString(own, "0::/\n");
    }

    @Test
    void withoutAnyMountMemoryIsSampled() throws Exception {
        Files.writeString(mountinfo, "");
        assertThat(find()).isInstanceOf(NoGroups.class);
    }

    @Test
    void version1NeedsTheMemoryController() throws Exception {
        Path memory = Files.createDirectories(directory.resolve("memory/own"));
        Files.writeString(mountinfo, "31 20 0:26 / " + directory.resolve("memory") + " rw - cgroup cgroup rw,memory\n");
        Files.writeString(own, "4:memory:/own\n");
        assertThat(find()).isInstanceOf(GroupsV1.class).matches(Groups::limitMemory);
        assertThat(memory.resolve("nanogrid-test")).isDirectory();
    }

    @Test
    void version2WithoutTheMemoryControllerCountsAsNone() throws Exception {
        Files.writeString(unified.resolve("cgroup.subtree_control"), "");
        assertThat(find()).isInstanceOf(NoGroups.class);
    }

    @Test
    void version2WritesAllLimits() throws Exception {
        Path group = Files.createDirectory(directory.resolve("group"));
        for (String file : List.of("memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cpu.max")) {
            Files.createFile(group.resolve(file));
        }
        new GroupsV2(directory, Set.of("memory", "pids", "cpu"), LIMITS).limit(group, 128);
        assertThat(group.resolve("memory.max")).hasContent("134217728");
        assertThat(group.resolve("memory.swap.max")).hasContent("0");
        assertThat(group.resolve("memory.oom.group")).hasContent("1");
        assertThat(group.resolve("pids.max")).hasContent("64");
        assertThat(group.resolve("cpu.max")).hasContent("50000 100000");
    }

    @Test
    void groupsOfAnEarlierLifeAreFoundInBothVersionsAndNoneIsMade() throws Exception {
        Path memory = Files.createDirectories(directory.resolve("memory/own"));
        Path pids = Files.createDirectories(directory.resolve("pids/own"));
        Files.writeString(mountinfo, "31 20 0:26 / " + directory.resolve("memory") + " rw - cgroup cgroup rw,memory\n"
                + "32 20 0:27 / " + directory.resolve("pids") + " rw - cgroup cgroup rw,pids\n"
                + Files.readString(mountinfo));
        Files.writeString(own, "4:memory:/own\n5:pids:/own\n0::/\n");
        Path first = Files.createDirectory(memory.resolve("nanogrid-test"));
        Path second = Files.createDirectory(unified.resolve("nanogrid-test"));
        assertThat(new GroupDetection(mountinfo, own).existing("nanogrid-test")).containsExactly(first, second);
        assertThat(pids).isEmptyDirectory();
    }

    private Groups find() throws IOException {
        return new GroupDetection(mountinfo, own).find("nanogrid-test", LIMITS);
    }
}
