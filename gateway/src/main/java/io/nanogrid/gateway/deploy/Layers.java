package io.nanogrid.gateway.deploy;

import io.nanogrid.db.CallbackRepository;
import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Says which installed libraries may go: those that no stored version names, that neither a route that is served nor a function
/// in memory has, and that no build holds.
/// The engine itself keeps those that an instance still has.
///
/// Safe for use by many threads. The lock guards the holds, and is kept during a whole sweep, so that no build can find a layer that is
/// about to go; a build gives its hold back only when the version that names the layer is stored and served.
final class Layers {

    private static final Logger LOG = LoggerFactory.getLogger(Layers.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
    private static final Duration LAST_PAUSE = Duration.ofSeconds(32);

    private final Engine engine;
    private final CallbackRepository callbacks;
    private final LiveRoutes routes;
    private final LiveFunctions functions;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Integer> holds = new HashMap<>();
    private final AtomicBoolean retrying = new AtomicBoolean();

    Layers(Engine engine, CallbackRepository callbacks, LiveRoutes routes, LiveFunctions functions) {
        this.engine = engine;
        this.callbacks = callbacks;
        this.routes = routes;
        this.functions = functions;
    }

    /// Closed when a build has ended.
    interface Hold extends AutoCloseable {
        @Override
        void close();
    }

    /// Keeps the layer with this key, which need not be there yet.
    Hold hold(String key) {
        lock.lock();
        try {
            holds.merge(key, 1, Integer::sum);
        } finally {
            lock.unlock();
        }
        return () -> release(key);
    }

    private void release(String key) {
        lock.lock();
        try {
            holds.computeIfPresent(key, (_, count) -> count == 1 ? null : count - 1);
        } finally {
            lock.unlock();
        }
    }

    /// Removes what may go. Instances of a version that has just been retired take a moment to end, so what they have is tried again a few
    /// times, in a thread of its own; what can't be removed then stays for the next sweep.
    void sweep() {
        if (!sweepOnce() && retrying.compareAndSet(false, true)) {
            Thread.ofVirtual().name("layers-sweep").start(this::retry);
        }
    }

    private void retry() {
        try {
            for (Duration pause = FIRST_PAUSE; pause.compareTo(LAST_PAUSE) <= 0; pause = pause.multipliedBy(2)) {
                Thread.sleep(pause);
                if (sweepOnce()) {
                    return;
                }
            }
            LOG.info("Unused libraries stay for now, as instances have them");
        } catch (InterruptedException | RuntimeException e) {
            LOG.debug("Unused libraries stay for now, as the gateway stops", e);
        } finally {
            retrying.set(false);
        }
    }

    /// @return whether nothing is left that may go
    private boolean sweepOnce() {
        lock.lock();
        try {
            Set<String> unused = new HashSet<>(engine.layers());
            unused.removeAll(holds.keySet());
            unused.removeAll(routes.dependencyKeys());
            unused.removeAll(functions.dependencyKeys());
            if (!unused.isEmpty()) {
                unused.removeAll(callbacks.dependencyKeysInUse());
            }
            unused.removeIf(this::removed);
            return unused.isEmpty();
        } catch (EngineException e) {
            LOG.warn("Unused libraries stay for now: {}", e.getMessage());
            return true;
        } finally {
            lock.unlock();
        }
    }

    private boolean removed(String key) {
        try {
            engine.remove(new DependencyLayer(key, "", true));
            return true;
        } catch (EngineException e) {
            LOG.debug("The unused libraries {} stay for now: {}", key, e.getMessage());
            return false;
        }
    }
}
