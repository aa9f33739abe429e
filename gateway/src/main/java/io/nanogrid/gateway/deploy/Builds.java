package io.nanogrid.gateway.deploy;

import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.deploy.FunctionVersions.Prepared;
import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.InstallFailed;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.Acquired;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.Lease;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Builds versions, tries them, and clears away what no version needs any more. Both families of functions are built here.
///
/// Safe for use by many threads.
public final class Builds {

    private static final Logger LOG = LoggerFactory.getLogger(Builds.class);

    private final CallbackRepository callbacks;
    private final CodeStore store;
    private final InstancePool pool;
    private final LiveFunctions functions;
    private final Layers layers;
    private final FunctionVersions versions;
    private final List<Consumer<End>> listeners = new CopyOnWriteArrayList<>();

    /// @param callbacks tells what code and which libraries are in use, by functions without a callback too
    public Builds(CallbackRepository callbacks, CodeStore store, Runtimes runtimes, Engine engine, InstancePool pool,
            LiveRoutes routes, LiveFunctions functions) {
        this.callbacks = callbacks;
        this.store = store;
        this.pool = pool;
        this.functions = functions;
        this.layers = new Layers(engine, callbacks, routes, functions);
        this.versions = new FunctionVersions(runtimes, engine, store, layers);
    }

    /// A version that an instance has loaded.
    ///
    /// @param image what its runtime runs on
    /// @param cached whether nothing had to be installed for it
    /// @param took until now
    record Built(FunctionVersion version, String image, boolean cached, Duration took) {

        @Nullable
        String dependencyKey() {
            DependencyLayer layer = version.dependencies();
            return layer == null ? null : layer.key();
        }
    }

    /// How a build ended.
    ///
    /// @param result `built`, `failed` or `unavailable`
    /// @param cached whether nothing had to be installed for it
    public record End(String result, boolean cached, Duration took) {
    }

    /// Tells `listener` of every build that has ended from now on, in the building thread: it must neither block nor throw.
    public void listen(Consumer<End> listener) {
        listeners.add(listener);
    }

    private void ended(String result, boolean cached, Duration took) {
        listeners.forEach(listener -> listener.accept(new End(result, cached, took)));
    }

    /// Makes a stored version what the pool can run; see [FunctionVersions#prepare].
    Prepared prepare(String name, VersionRecord record, Consumer<String> log)
            throws InvalidDefinition, EngineException, IOException, InterruptedException {
        return versions.prepare(name, record, log);
    }

    /// Makes a version ready, loads it into an instance, which then waits for the first call, and hands it over. Whatever fails before or in
    /// that last step leaves all as it was.
    ///
    /// @param goLive writes down that the version is what runs, and has it run
    /// @param fault gives the fault of a version that couldn't be built
    <O> O release(String name, VersionRecord record, BuildLog log, Function<Built, O> goLive,
            Function<BuildFault, O> fault) throws InterruptedException {
        long began = System.nanoTime();
        BuildFault failure;
        try (Prepared prepared = versions.prepare(name, record, log::line)) {
            FunctionVersion version = prepared.version();
            boolean lives = false;
            try {
                pool.readmit(version.key());
                failure = failure(version, log);
                if (failure == null) {
                    Built built = new Built(version, prepared.image(), prepared.cached(), since(began));
                    O outcome = goLive.apply(built);
                    lives = true;
                    ended("built", built.cached(), built.took());
                    return outcome;
                }
            } finally {
                if (!lives) {
                    pool.retire(version.key());
                }
            }
        } catch (InvalidDefinition | InstallFailed e) {
            failure = new BuildFault.Failed("build_failed", String.valueOf(e.getMessage()), "", log.lines());
        } catch (EngineException e) {
            failure = new BuildFault.Unavailable(String.valueOf(e.getMessage()), log.lines());
        } catch (IOException e) {
            LOG.error("The code of function {} can't be read", record.functionId(), e);
            failure = new BuildFault.Unavailable(CodeFault.message(e, "deploy it again with its code"),
                    log.lines());
        }
        ended(switch (failure) {
            case BuildFault.Failed _ -> "failed";
            case BuildFault.Unavailable _ -> "unavailable";
        }, false, since(began));
        return fault.apply(failure);
    }

    private static Duration since(long began) {
        return Duration.ofNanos(System.nanoTime() - began);
    }

    /// @return null if the version can be loaded
    private @Nullable BuildFault failure(FunctionVersion version, BuildLog log) throws InterruptedException {
        return switch (pool.acquire(version)) {
            case Acquired.Granted(Lease lease) -> {
                lease.close();
                yield null;
            }
            case Acquired.InitFailed(Bytes detail, String output) -> {
                log.text(output);
                InitError error = InitError.read(detail);
                error.lines().forEach(log::line);
                yield new BuildFault.Failed("init_failed", error.summary(), detail.text(), log.lines());
            }
            case Acquired.InitDied(String message, _, String output) -> {
                log.text(output);
                yield new BuildFault.Failed("init_failed", message, "", log.lines());
            }
            case Acquired.Full _ ->
                new BuildFault.Unavailable("the machine is too busy to try the function", log.lines());
            case Acquired.Unavailable(String message) -> new BuildFault.Unavailable(message, log.lines());
        };
    }

    /// Removes libraries that no version has any more.
    void removeUnusedLibraries() {
        layers.sweep();
    }

    /// Frees what versions have left that are gone from the database: their instances, when calls in flight have ended, their code and their
    /// libraries.
    void remove(List<VersionRecord> gone) {
        List<FunctionVersion.Key> keys = gone.stream()
                .map(version -> new FunctionVersion.Key(version.functionId(), version.number())).toList();
        functions.forget(keys);
        keys.forEach(pool::retire);
        Map<String, Instant> newest = new HashMap<>();
        gone.forEach(version -> newest.merge(version.definition().codeHash(), version.createdAt(),
                (one, other) -> one.isAfter(other) ? one : other));
        removeCode(newest);
        layers.sweep();
    }

    /// Removes code, unless a draft or a version has it, or it was stored again after the time that stands beside it.
    void removeCode(Map<String, Instant> code) {
        Set<String> used = callbacks.codeHashesInUse(code.keySet());
        code.forEach((hash, since) -> {
            try {
                if (!used.contains(hash)) {
                    store.remove(hash, since);
                }
            } catch (IOException e) {
                LOG.warn("Code that nothing uses stays for now: {}", e.getMessage());
            }
        });
    }

    /// Removes code and libraries that no version has any more, but for code that somebody may be about to use. Reads all that is stored.
    void removeUnused() {
        try {
            store.removeAllBut(callbacks.codeHashesInUse());
        } catch (IOException e) {
            LOG.warn("Code that nothing uses stays for now: {}", e.getMessage());
        }
        layers.sweep();
    }
}
