package io.nanogrid.gateway;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

final class SandboxRestartTest extends RestartContract {

    @Override
    String engine() {
        return "sandbox";
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
