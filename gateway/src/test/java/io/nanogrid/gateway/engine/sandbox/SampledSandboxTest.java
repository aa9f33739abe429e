package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.EngineContract;
import io.nanogrid.gateway.engine.EngineFactory;

/// The same promises where no control group can be written.
class SampledSandboxTest extends EngineContract {

    @Override
    protected EngineFactory factory() {
        return new SamplingFactory();
    }
}
