package io.nanogrid.gateway.engine.docker;

import io.nanogrid.gateway.engine.EngineContract;
import io.nanogrid.gateway.engine.EngineFactory;

class DockerEngineTest extends EngineContract {

    @Override
    protected EngineFactory factory() {
        return new DockerFactory();
    }
}
