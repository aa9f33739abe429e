package io.nanogrid.gateway.engine;

import io.nanogrid.spi.RuntimeDescriptor;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// The engine of a machine that has none.
public class NoEngine implements Engine {

    private static final String REASON = "this machine has no engine";

    @Override
    public String name() {
        return "none";
    }

    @Override
    public EngineHealth health() {
        return new EngineHealth(false, REASON);
    }

    @Override
    public void reconcile() {
    }

    @Override
    public String prepare(RuntimeDescriptor runtime, Consumer<String> log) throws EngineException {
        throw new EngineException(REASON);
    }

    @Override
    public Optional<InterpreterVersion> version(RuntimeDescriptor runtime) {
        return Optional.empty();
    }

    @Override
    public DependencyLayer install(DependencyRequest request, Consumer<String> log) throws EngineException {
        throw new EngineException(REASON);
    }

    @Override
    public Set<String> layers() {
        return Set.of();
    }

    @Override
    public void remove(DependencyLayer layer) {
    }

    @Override
    public EngineInstance start(InstanceSpec spec) throws EngineException {
        throw new EngineException(REASON);
    }

    @Override
    public void close() {
    }
}
