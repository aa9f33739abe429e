package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineFactory;
import java.nio.file.Path;

/// With the limits that the host offers.
public final class SandboxFactory implements EngineFactory {

    @Override
    public Engine create(String gatewayId, Path work) {
        return new SandboxEngine(Configs.normal(gatewayId, work));
    }
}
