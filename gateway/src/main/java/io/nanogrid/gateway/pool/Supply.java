package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.engine.EngineException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes and destroys instances for the pool, each in a virtual thread of its own.
final class Supply {

    private static final Logger LOG = LoggerFactory.getLogger(Supply.class);

    private final InstancePool pool;
    private final InstanceFactory factory;
    /// Starts that run at once: more of them than processors only delay each other. In order, so that the oldest demand comes first.
    private final Semaphore starts = new Semaphore(Math.max(2, Runtime.getRuntime().availableProcessors()), true);

    Supply(InstancePool pool, InstanceFactory factory) {
        this.pool = pool;
        this.factory = factory;
    }

    /// Makes an instance for a slot, from a stem if there is one.
    void supply(VersionSlot slot, @Nullable PooledInstance stem, long sinceNanos) {
        Thread.startVirtualThread(() -> {
            PooledInstance instance = stem;
            try {
                if (instance == null) {
                    instance = start(slot.version.shape(), slot.version);
                }
                Acquired failure = factory.specialize(instance, slot.version);
                if (failure == null) {
                    pool.supplied(slot, instance, System.nanoTime() - sinceNanos);
                } else {
                    pool.notSupplied(slot, instance, failure);
                }
            } catch (EngineException e) {
                LOG.warn("No instance of {}: {}", slot.version, e.getMessage());
                pool.notSupplied(slot, instance, new Acquired.Unavailable(String.valueOf(e.getMessage())));
            } catch (InterruptedException e) {
                pool.notSupplied(slot, instance, new Acquired.Unavailable("the gateway is shutting down"));
            } catch (RuntimeException | Error e) {
                LOG.error("No instance of {}", slot.version, e);
                pool.notSupplied(slot, instance, new Acquired.Unavailable("the instance couldn't be made"));
            }
        });
    }

    /// Makes a stem for the shelf.
    void stock(InstanceShape shape) {
        Thread.startVirtualThread(() -> {
            try {
                pool.stocked(start(shape, null));
            } catch (EngineException | InterruptedException | RuntimeException | Error e) {
                LOG.warn("No {} instance could be started ahead of demand: {}", shape.runtime().id(), e.getMessage());
                pool.notStocked(shape);
            }
        });
    }

    private PooledInstance start(InstanceShape shape, @Nullable FunctionVersion version)
            throws EngineException, InterruptedException {
        PooledInstance instance;
        starts.acquire();
        try {
            if (pool.isClosed()) {
                throw new EngineException("the gateway is shutting down");
            }
            instance = factory.start(shape, version == null ? null : version.dependencies());
        } finally {
            starts.release();
        }
        pool.greeted(instance);
        return instance;
    }

    void destroy(PooledInstance instance) {
        Thread.startVirtualThread(() -> {
            try {
                factory.destroy(instance);
            } catch (RuntimeException e) {
                LOG.error("Instance {} couldn't be destroyed", instance, e);
            } finally {
                pool.gone(instance);
            }
        });
    }
}
