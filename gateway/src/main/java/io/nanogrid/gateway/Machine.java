package io.nanogrid.gateway;

import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.dispatch.LocalDispatcher;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.http.Parts;
import io.nanogrid.gateway.plugins.PluginLoader;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.InstanceFactory;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.PoolConfig;
import io.nanogrid.gateway.wire.OutputPump;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What runs functions here, in a gateway as in a worker.
record Machine(Runtimes runtimes, Engine engine, PoolConfig poolConfig, InstancePool pool, LocalDispatcher dispatcher) {

    private static final Logger LOG = LoggerFactory.getLogger(Machine.class);
    private static final String SPI_VERSION = "0.1.0";

    /// @param given the engine to use; null for the one that the configuration asks for
    static Machine start(GatewayConfig config, DataDirectory data, Path bundledPlugins, String version,
            @Nullable Engine given, InstantSource clock, Closing closing)
            throws IOException, EngineException, InterruptedException {
        PluginLoader plugins = closing.add(
                new PluginLoader(List.of(config.pluginsDirectory(), bundledPlugins), SPI_VERSION));
        Runtimes runtimes = plugins.load();
        EngineChooser engines = new EngineChooser(config, data, runtimes, version);
        Engine engine = closing.add(given != null ? given : engines.choose());
        engine.reconcile();
        closing.add(engines.removeLeftoversOfTheOther(engine));
        PoolConfig poolConfig = PoolConfig.withBudget(config.memoryBudgetMb(), config.maxBodyBytes());
        OutputPump pump = closing.add(new OutputPump());
        InstanceFactory factory = closing.add(new InstanceFactory(engine, poolConfig, data.instances(), pump));
        InstancePool pool = closing.add(new InstancePool(factory, poolConfig));
        LocalDispatcher dispatcher = new LocalDispatcher(pool, clock, poolConfig.resultBytes(),
                poolConfig.outputBytes());
        return new Machine(runtimes, engine, poolConfig, pool, dispatcher);
    }

    Parts.Platform platform() {
        return new Parts.Platform(engine, runtimes, pool);
    }

    /// Has an instance of each runtime made in the background, for the first function that comes.
    void stock() {
        for (RuntimeDescriptor runtime : runtimes.all()) {
            Thread.startVirtualThread(() -> {
                try {
                    engine.prepare(runtime, line -> LOG.info("{}: {}", runtime.id(), line));
                    pool.stock(runtime);
                } catch (EngineException | InterruptedException e) {
                    LOG.warn("The runtime {} can't be used yet: {}", runtime.id(), e.getMessage());
                }
            });
        }
    }
}
