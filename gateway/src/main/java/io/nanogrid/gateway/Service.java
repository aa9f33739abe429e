package io.nanogrid.gateway;

/// A process's work, from its start to its end.
sealed interface Service extends AutoCloseable permits Wiring, WorkerWiring {

    /// The port it listens on.
    int port();

    /// Lets calls in flight end, and frees everything. Idempotent.
    @Override
    void close();
}
