package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.EngineContract;
import io.nanogrid.gateway.engine.EngineFactory;

class SandboxEngineTest extends EngineContract {

    @Override
    protected EngineFactory factory() {
        return new SandboxFactory();
    }
}
