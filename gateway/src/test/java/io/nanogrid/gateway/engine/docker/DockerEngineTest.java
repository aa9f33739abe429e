package io.nanogrid.gateway.engine.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.engine.EngineContract;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.EngineFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DockerEngineTest extends EngineContract {

    @Override
    protected EngineFactory factory() {
        return new DockerFactory();
    }

    @Test
    void aDirectoryThatTheDaemonCanNotSeeIsExplainedAndNotNamed() {
        var refusal = new EngineException("bind source path does not exist: /run/x/i1");
        assertThat(DockerEngine.withoutPath(refusal, Path.of("/run/x/i1"))).hasMessageContaining("RUN_DIR")
                .hasMessageNotContaining("/run/x");
    }
}
