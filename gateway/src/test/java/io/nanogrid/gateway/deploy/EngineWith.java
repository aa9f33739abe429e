package io.nanogrid.gateway.deploy;

import io.nanogrid.gateway.engine.InterpreterVersion;
import io.nanogrid.gateway.engine.NoEngine;
import io.nanogrid.spi.RuntimeDescriptor;
import java.util.Optional;
import java.util.function.Consumer;

/// An engine whose interpreters all have one version, which it finds when it prepares a runtime.
final class EngineWith extends NoEngine {

    private final String version;
    private boolean prepared;

    EngineWith(String version) {
        this.version = version;
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public String prepare(RuntimeDescriptor runtime, Consumer<String> log) {
        prepared = true;
        return version;
    }

    @Override
    public Optional<InterpreterVersion> version(RuntimeDescriptor runtime) {
        return prepared ? Optional.of(new InterpreterVersion(version)) : Optional.empty();
    }
}
