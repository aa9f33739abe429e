package io.nanogrid.gateway.deploy;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/// The one stream of progress of all deploys; server-sent events, the WebSocket and the build log are its faces. Safe for use by many threads.
public final class DeployEvents {

    private final List<Consumer<DeployEvent>> listeners = new CopyOnWriteArrayList<>();

    /// Tells `listener` everything from now on, in the deploying thread: it must neither block nor throw.
    ///
    /// @return ends it
    public Subscription subscribe(Consumer<DeployEvent> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    void publish(DeployEvent event) {
        listeners.forEach(listener -> listener.accept(event));
    }

    @FunctionalInterface
    public interface Subscription extends AutoCloseable {
        @Override
        void close();
    }
}
