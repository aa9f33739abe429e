package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineFactory;
import java.nio.file.Path;

/// Without control groups, as on a host that delegates none.
public final class SamplingFactory implements EngineFactory {

    @Override
    public Engine create(String gatewayId, Path work) {
        return new SandboxEngine(Configs.sampling(gatewayId, work));
    }
}
