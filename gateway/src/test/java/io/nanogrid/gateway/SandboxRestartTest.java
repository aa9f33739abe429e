package io.nanogrid.gateway;

import java.util.List;

final class SandboxRestartTest extends RestartContract {

    @Override
    String engine() {
        return "sandbox";
    }

    @Override
    List<String> instances(String gatewayId) {
        return ProcessHandle.allProcesses()
                .filter(process -> process.info().commandLine().orElse("").contains("/" + gatewayId + "/")
                        || process.info().commandLine().orElse("").contains("nanogrid-" + gatewayId + "/"))
                .map(process -> String.valueOf(process.pid()))
                .toList();
    }
}
