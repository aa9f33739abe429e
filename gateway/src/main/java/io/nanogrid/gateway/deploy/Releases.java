package io.nanogrid.gateway.deploy;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.Deployment;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.LiveRoute;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.StorageException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.gateway.deploy.Builds.Built;
import io.nanogrid.gateway.deploy.FunctionVersions.Prepared;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.pool.InstancePool;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Puts callbacks' versions in the place of those that are served. Whoever does that with one callback has its turn.
final class Releases {

    private static final Logger LOG = LoggerFactory.getLogger(Releases.class);

    private final CallbackRepository callbacks;
    private final FunctionRepository versions;
    private final Builds builds;
    private final InstancePool pool;
    private final LiveRoutes routes;
    private final LiveFunctions functions;

    Releases(CallbackRepository callbacks, FunctionRepository versions, Builds builds, InstancePool pool,
            LiveRoutes routes, LiveFunctions functions) {
        this.callbacks = callbacks;
        this.versions = versions;
        this.builds = builds;
        this.pool = pool;
        this.routes = routes;
        this.functions = functions;
    }

    /// Serves all that is stored as live, as far as that can be made ready here.
    void restore() throws InterruptedException {
        List<LiveRoutes.Served> live = new ArrayList<>();
        for (LiveRoute route : callbacks.liveRoutes()) {
            try (Prepared prepared = builds.prepare(route.functionName(), route.version(),
                    line -> LOG.info("{}", line))) {
                live.add(LiveRoutes.served(route, prepared.version()));
            } catch (InvalidDefinition | EngineException | IOException e) {
                LOG.error("Callback {} can't be served: {}", route.deployment().callbackId(), e.getMessage());
            }
        }
        routes.putAll(live);
    }

    /// The callbacks of which something else is stored than what is served here.
    Set<Long> outdated() {
        Set<Long> outdated = new HashSet<>(routes.callbacks());
        for (LiveRoute stored : callbacks.liveRoutes()) {
            if (routes.serves(stored.deployment())) {
                outdated.remove(stored.deployment().callbackId());
            } else {
                outdated.add(stored.deployment().callbackId());
            }
        }
        return outdated;
    }

    /// Makes a version ready, tries it, writes it down as live and serves it. Whatever fails before the last two steps leaves all as it was.
    ///
    /// @param store writes down that the version is live
    DeployOutcome release(long callbackId, VersionRecord record, BuildLog log, Function<Built, CallbackRecord> store)
            throws InterruptedException {
        String name = callbacks.find(callbackId).orElseThrow(() -> new RefusedException.UnknownCallback(callbackId))
                .function().name();
        return builds.<DeployOutcome>release(name, record, log, built -> {
            CallbackRecord live = store.apply(built);
            serve(live, name, record, built.version());
            log.status(live.status().wireName(),
                    "Version " + record.number() + " is live after " + built.took().toMillis() + " ms");
            return new DeployOutcome.Deployed(live, record.number(), built.image(), built.took(), built.cached(),
                    log.lines());
        }, fault -> fault);
    }

    /// New calls go to `version` from here on; calls in flight finish on the instances they have. Nothing is read for it, so nothing can fail
    /// between what is stored and what is served.
    private void serve(CallbackRecord callback, String name, VersionRecord record, FunctionVersion version) {
        Deployment live = callback.live();
        if (live == null) {
            throw new IllegalStateException("callback " + callback.id() + " is stored without what it serves");
        }
        LiveRoute route = new LiveRoute(live, name, record);
        retire(routes.put(LiveRoutes.served(route, version)), version.key());
        functions.switchTo(callback.function(), version).forEach(pool::retire);
    }

    /// Serves what is stored of a callback, if that isn't served already. Where it can't be made ready, what was served before goes on.
    void catchUp(long callbackId) throws InvalidDefinition, EngineException, IOException, InterruptedException {
        CallbackRecord callback = callbacks.find(callbackId).orElse(null);
        Deployment live = callback == null ? null : callback.live();
        if (callback == null || live == null) {
            withdraw(callbackId);
            return;
        }
        if (routes.serves(live)) {
            return;
        }
        FunctionRecord function = callback.function();
        VersionRecord record = versions.version(function.id(), live.version()).orElseThrow(() -> new StorageException(
                "version %d of callback %d was replaced a moment ago".formatted(live.version(), callbackId)));
        try (Prepared prepared = builds.prepare(function.name(), record, line -> LOG.info("{}", line))) {
            // An older version may have been retired when it was replaced.
            pool.readmit(prepared.version().key());
            serve(callback, function.name(), record, prepared.version());
        }
        LOG.info("Callback {} serves version {}, as another gateway has deployed it", callbackId, live.version());
    }

    private void withdraw(long callbackId) {
        FunctionVersion.Key before = routes.remove(callbackId);
        if (before != null) {
            pool.retire(before);
            functions.forget(before.functionId()).forEach(pool::retire);
            LOG.info("Callback {} serves nothing any more, as another gateway says", callbackId);
        }
    }

    /// Takes away what the callback serves, if anything.
    void withdraw(CallbackRecord callback) {
        retire(routes.remove(callback.id()), null);
        functions.forget(callback.function().id()).forEach(pool::retire);
    }

    private void retire(FunctionVersion.@Nullable Key before, FunctionVersion.@Nullable Key now) {
        if (before != null && !before.equals(now)) {
            pool.retire(before);
        }
    }
}
