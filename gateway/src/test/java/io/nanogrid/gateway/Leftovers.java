package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// What a gateway has on the machine: it must be what its pool says, and come back to what it was before an attack.
///
/// @param instances the pool's own figures, from `/health`
/// @param directories of instances
/// @param files in those directories: none, once an instance has greeted
/// @param processes that see a directory of an instance of this gateway, whatever their parent is by now
/// @param groups control groups with the gateway's id, of every hierarchy
/// @param containers with the gateway's label
/// @param descriptors of this process: of its sockets only those to instances, and none of the database, which the tests read too
record Leftovers(JsonNode instances, int directories, int files, int processes, int groups, int containers,
        int descriptors) {

    private static final Path PROC = Path.of("/proc");

    static Leftovers of(TestGateway gateway) throws IOException, InterruptedException {
        String id = gateway.id();
        JsonNode instances = gateway.get("/health").expect(200).json().path("instances");
        Path run = Path.of("/run/nanogrid", id, "i");
        return new Leftovers(instances, count(run, 1) - 1, count(run, 2) - count(run, 1), processes(id), groups(id),
                containers(id), openDescriptors());
    }

    /// Once nothing is starting; so many instances there are, and no more.
    static Leftovers atRest(TestGateway gateway) {
        return Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> of(gateway), Leftovers::isAtRest);
    }

    /// Processes, control groups, containers and directories of a gateway that has been closed.
    static int ofClosed(String id) throws IOException, InterruptedException {
        Path run = Path.of("/run/nanogrid", id, "i");
        return processes(id) + groups(id) + containers(id) + (Files.exists(run) ? count(run, 1) - 1 : 0);
    }

    private boolean isAtRest() {
        return figure("starting") == 0 && figure("busy") == 0 && figure("waitingCalls") == 0
                && figure("stems") + figure("idle") == directories && files == 0;
    }

    int figure(String name) {
        return instances.path(name).asInt();
    }

    /// Waits until everything is as it was. A gateway may hold fewer descriptors than before, never more.
    static void awaitSameAs(Leftovers before, TestGateway gateway) {
        Awaitility.await().untilAsserted(() -> {
            Leftovers now = of(gateway);
            assertThat(now.withDescriptors(before.descriptors)).isEqualTo(before);
            assertThat(now.descriptors).as("open descriptors").isLessThanOrEqualTo(before.descriptors);
        });
    }

    private Leftovers withDescriptors(int other) {
        return new Leftovers(instances, directories, files, processes, groups, containers, other);
    }

    private static int count(Path directory, int depth) throws IOException {
        try (Stream<Path> found = Files.walk(directory, depth)) {
            return (int) found.count();
        } catch (UncheckedIOException e) {
            return -1; // It changed meanwhile.
        }
    }

    /// Processes of instances of a gateway or a worker.
    static int processes(String id) throws IOException {
        return processesOf(id).size();
    }

    private static List<Path> processesOf(String id) throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : all) {
                try {
                    if (Files.readString(process.resolve("mountinfo")).contains("/" + id + "/i/")) {
                        found.add(process);
                    }
                } catch (IOException e) {
                    // It has ended meanwhile.
                }
            }
        }
        return found;
    }

    /// The process of an instance that has a file open.
    static Optional<ProcessHandle> processWith(String id, String file) throws IOException {
        for (Path process : processesOf(id)) {
            try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
                for (Path descriptor : descriptors) {
                    if (target(descriptor).equals(file)) {
                        return ProcessHandle.of(Long.parseLong(process.getFileName().toString()));
                    }
                }
            } catch (IOException e) {
                // It has ended meanwhile.
            }
        }
        return Optional.empty();
    }

    private static int groups(String id) throws IOException {
        Set<Path> found = new TreeSet<>();
        try (DirectoryStream<Path> hierarchies = Files.newDirectoryStream(Path.of("/sys/fs/cgroup"))) {
            for (Path hierarchy : hierarchies) {
                if (Files.isDirectory(hierarchy)) {
                    collect(hierarchy.toRealPath(), id, found);
                }
            }
        }
        return found.size();
    }

    private static void collect(Path hierarchy, String id, Set<Path> found) throws IOException {
        try (Stream<Path> groups = Files.find(hierarchy, 4,
                (path, attributes) -> attributes.isDirectory() && path.toString().contains("nanogrid-" + id + "/"))) {
            groups.forEach(found::add);
        } catch (UncheckedIOException e) {
            // Groups come and go; whoever waits for a figure asks again.
        }
    }

    private static int containers(String id) throws IOException, InterruptedException {
        Process docker = new ProcessBuilder("sh", "-c",
                "command -v docker >/dev/null || exit 0; docker ps -aq --filter label=nanogrid.gateway=" + id)
                .redirectErrorStream(true).start();
        String listed = new String(docker.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return docker.waitFor() == 0 ? (int) listed.lines().count() : 0;
    }

    private static int openDescriptors() throws IOException {
        int open = 0;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC.resolve("self/fd"))) {
            List<String> sockets = Files.readAllLines(PROC.resolve("self/net/unix"));
            for (Path descriptor : all) {
                String target = target(descriptor);
                String inode = " " + target.replaceAll("\\D", "") + " ";
                boolean counts = target.startsWith("socket:")
                        ? sockets.stream().anyMatch(line -> line.contains(inode) && line.contains("/i/"))
                        : !target.isEmpty() && !target.contains("nanogrid.db");
                open += counts ? 1 : 0;
            }
        }
        return open;
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            return ""; // It was closed meanwhile.
        }
    }
}
