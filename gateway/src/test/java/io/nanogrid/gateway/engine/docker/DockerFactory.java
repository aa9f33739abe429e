package io.nanogrid.gateway.engine.docker;

import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineFactory;
import java.nio.file.Path;

/// The docker engine as the contract test wants it.
public final class DockerFactory implements EngineFactory {

    @Override
    public Engine create(String gatewayId, Path work) {
        return new DockerEngine(DockerConfig.of(TestImages.removeAtEnd(gatewayId), "contract"));
    }
}
