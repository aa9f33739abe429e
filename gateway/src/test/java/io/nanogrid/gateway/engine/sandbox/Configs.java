package io.nanogrid.gateway.engine.sandbox;

import java.nio.file.Path;

final class Configs {

    private Configs() {
    }

    static SandboxConfig normal(String gatewayId, Path work) {
        return SandboxConfig.defaults(gatewayId, work.resolve("deps"), work.resolve("run"));
    }

    static SandboxConfig sampling(String gatewayId, Path work) {
        SandboxConfig normal = normal(gatewayId, work);
        return new SandboxConfig(normal.gatewayId(), normal.dependencies(), normal.runtimeDirectory(), normal.uids(),
                SandboxConfig.GroupMode.SAMPLING, normal.processors(), normal.processes(), normal.openFiles(),
                normal.fileMb(), normal.scratchMb(), normal.root(), normal.searchPath(), normal.networkAllow());
    }
}
