package io.nanogrid.gateway.engine;

import java.nio.file.Path;

/// Makes the engine that a contract test runs against. Has a public constructor without arguments, since the test also
/// uses it in a process of its own.
public interface EngineFactory {

    /// @param gatewayId as a gateway's id: engines with the same one take over each other's leftovers
    /// @param work directory for all that the engine keeps; other users can pass through it
    Engine create(String gatewayId, Path work);
}
