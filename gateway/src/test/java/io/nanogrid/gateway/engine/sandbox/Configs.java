package io.nanogrid.gateway.engine.sandbox;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

final class Configs {

    private Configs() {
    }

    static SandboxConfig normal(String gatewayId, Path work) {
        return SandboxConfig.defaults(gatewayId, work.resolve("deps"), work.resolve("run"));
    }

    static SandboxConfig with(Path work, @Nullable Path root, List<Path> searchPath) {
        SandboxConfig normal = normal("other", work.resolve("other"));
        return new SandboxConfig(normal.gatewayId(), normal.dependencies(), normal.runtimeDirectory(), normal.uids(),
                normal.groups(), normal.processors(), normal.processes(), normal.openFiles(), normal.fileMb(),
                normal.scratchMb(), root, searchPath, normal.networkAllow());
    }

    static SandboxConfig withUids(String gatewayId, Path work, SandboxConfig.UidRange uids) {
        SandboxConfig normal = normal(gatewayId, work);
        return new SandboxConfig(normal.gatewayId(), normal.dependencies(), normal.runtimeDirectory(), uids,
                normal.groups(), normal.processors(), normal.processes(), normal.openFiles(), normal.fileMb(),
                normal.scratchMb(), normal.root(), normal.searchPath(), normal.networkAllow());
    }

    static SandboxConfig sampling(String gatewayId, Path work) {
        SandboxConfig normal = normal(gatewayId, work);
        return new SandboxConfig(normal.gatewayId(), normal.dependencies(), normal.runtimeDirectory(), normal.uids(),
                SandboxConfig.GroupMode.SAMPLING, normal.processors(), normal.processes(), normal.openFiles(),
                normal.fileMb(), normal.scratchMb(), normal.root(), normal.searchPath(), normal.networkAllow());
    }
}
