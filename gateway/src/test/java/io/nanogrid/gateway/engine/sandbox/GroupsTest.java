package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Against the kernel's own control groups, of each version that this host lets the test write.
class GroupsTest {

    private static final Groups.Limits LIMITS = new Groups.Limits(64, 0.5);

    static List<Groups> writable() {
        String name = "nanogrid-groupstest-" + ProcessHandle.current().pid();
        List<Groups> groups = new ArrayList<>();
        Path memory = Path.of("/sys/fs/cgroup/memory");
        Path cpu = Path.of("/sys/fs/cgroup/cpu");
        if (Files.isWritable(memory) && Files.isWritable(cpu)) {
            groups.add(new GroupsV1(Map.of("memory", memory.resolve(name), "cpu", cpu.resolve(name)), LIMITS));
        }
        for (Path unified : List.of(Path.of("/sys/fs/cgroup/unified"), Path.of("/sys/fs/cgroup"))) {
            if (Files.exists(unified.resolve("cgroup.controllers")) && Files.isWritable(unified)) {
                groups.add(new GroupsV2(makeDirectory(unified.resolve(name)), Set.of(), LIMITS));
            }
        }
        assumeTrue(!groups.isEmpty(), "no control groups can be written here");
        return groups;
    }

    @ParameterizedTest
    @MethodSource("writable")
    void reconcileKillsWhatAnEarlierLifeLeft(Groups groups) throws Exception {
        Groups.Group group = groups.create("left", 64);
        StringBuilder join = new StringBuilder();
        group.joins().forEach(file -> join.append("echo 0 > ").append(file).append(" && "));
        Process left = new ProcessBuilder("/bin/sh", "-c", join + "echo joined && exec sleep 1000").start();
        assertThat(left.inputReader().readLine()).isEqualTo("joined");
        groups.reconcile();
        assertThat(left.waitFor()).isEqualTo(137);
        assertThat(group.joins()).noneMatch(Files::exists);
        groups.close();
    }

    private static Path makeDirectory(Path directory) {
        try {
            return Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
