package io.nanogrid.gateway;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

final class SandboxRestartTest extends RestartContract {

    @Override
    String engine() {
        return "sandbox";
    }

    @Override
    String otherEngine() {
        return "docker";
    }

    /// Control groups, where there are any, and the files that instances are shown.
    @Override
    List<String> leftovers(String gatewayId) throws Exception {
        Process find = new ProcessBuilder("find", "/sys/fs/cgroup", "-name", "nanogrid-" + gatewayId)
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        Stream<String> groups = new String(find.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines();
        String runtime = System.getenv().getOrDefault("XDG_RUNTIME_DIR", "/tmp");
        Stream<Path> files = Stream.of(Path.of("/run/nanogrid", gatewayId, "sandbox"),
                Path.of("/tmp/nanogrid-" + gatewayId, "sandbox"), Path.of(runtime, "nanogrid-" + gatewayId, "sandbox"));
        return Stream.concat(groups, files.filter(Files::exists).map(Path::toString)).toList();
    }

    /// Processes that have a directory of this gateway mounted, which only its instances have.
    @Override
    List<String> instances(String gatewayId) {
        return ProcessHandle.allProcesses().map(process -> String.valueOf(process.pid()))
                .filter(pid -> mounts(pid, gatewayId)).toList();
    }

    private static boolean mounts(String pid, String gatewayId) {
        try {
            return Files.readString(Path.of("/proc", pid, "mountinfo")).contains(gatewayId + "/i/");
        } catch (IOException e) {
            // It has ended meanwhile.
            return false;
        }
    }
}
