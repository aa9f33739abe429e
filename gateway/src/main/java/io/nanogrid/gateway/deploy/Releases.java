package io.nanogrid.gateway.deploy;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.Deployment;
import io.nanogrid.db.LiveRoute;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.gateway.deploy.FunctionVersions.Prepared;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.InstallFailed;
import io.nanogrid.gateway.pool.Acquired;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.Lease;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tries versions and puts them in the place of those that are served. Whoever calls has the callback's turn.
final class Releases {

    private static final Logger LOG = LoggerFactory.getLogger(Releases.class);

    private final CallbackRepository callbacks;
    private final FunctionVersions versions;
    private final InstancePool pool;
    private final LiveRoutes routes;

    Releases(CallbackRepository callbacks, FunctionVersions versions, InstancePool pool, LiveRoutes routes) {
        this.callbacks = callbacks;
        this.versions = versions;
        this.pool = pool;
        this.routes = routes;
    }

    /// Makes a version ready, tries it, writes it down as live and serves it. Whatever fails before the last two steps leaves all as it was.
    ///
    /// @param store writes down that the version is live
    DeployOutcome release(long callbackId, VersionRecord record, BuildLog log,
            Function<FunctionVersion, CallbackRecord> store) throws InterruptedException {
        long began = System.nanoTime();
        CallbackRecord callback = callbacks.find(callbackId)
                .orElseThrow(() -> new RefusedException.UnknownCallback(callbackId));
        String name = callback.function().name();
        try (Prepared prepared = versions.prepare(name, record, log::line)) {
            FunctionVersion version = prepared.version();
            boolean served = false;
            try {
                pool.readmit(version.key());
                DeployOutcome failure = failure(version, log);
                if (failure != null) {
                    return failure;
                }
                CallbackRecord live = store.apply(version);
                serve(live, name, record, version);
                served = true;
                Duration took = Duration.ofNanos(System.nanoTime() - began);
                log.status(live.status().wireName(),
                        "Version " + record.number() + " is live after " + took.toMillis() + " ms");
                return new DeployOutcome.Deployed(live, record.number(), prepared.image(), took, prepared.cached(),
                        log.lines());
            } finally {
                if (!served) {
                    pool.retire(version.key());
                }
            }
        } catch (InvalidDefinition | InstallFailed e) {
            return new DeployOutcome.Failed("build_failed", String.valueOf(e.getMessage()), "", log.lines());
        } catch (EngineException e) {
            return new DeployOutcome.Unavailable(String.valueOf(e.getMessage()), log.lines());
        } catch (IOException e) {
            LOG.error("The code of callback {} can't be read", callbackId, e);
            return new DeployOutcome.Unavailable("the function's code can't be read: deploy it again with its code",
                    log.lines());
        }
    }

    /// New calls go to `version` from here on; calls in flight finish on the instances they have. Nothing is read for it, so nothing can fail
    /// between what is stored and what is served.
    private void serve(CallbackRecord callback, String name, VersionRecord record, FunctionVersion version) {
        Deployment live = callback.live();
        if (live == null) {
            throw new IllegalStateException("callback " + callback.id() + " is stored without what it serves");
        }
        LiveRoute route = new LiveRoute(live, name, record);
        retire(routes.put(callback.id(), LiveRoutes.route(route, version)), version.key());
    }

    /// Takes away what the callback serves, if anything.
    void withdraw(long callbackId) {
        retire(routes.remove(callbackId), null);
    }

    private void retire(FunctionVersion.@Nullable Key before, FunctionVersion.@Nullable Key now) {
        if (before != null && !before.equals(now)) {
            pool.retire(before);
        }
    }

    /// Loads the version into an instance, which then waits for the first call.
    ///
    /// @return null if it can be loaded
    private @Nullable DeployOutcome failure(FunctionVersion version, BuildLog log) throws InterruptedException {
        return switch (pool.acquire(version)) {
            case Acquired.Granted(Lease lease) -> {
                lease.close();
                yield null;
            }
            case Acquired.InitFailed(Bytes detail, String output) -> {
                log.text(output);
                InitError error = InitError.read(detail);
                error.lines().forEach(log::line);
                yield new DeployOutcome.Failed("init_failed", error.summary(), detail.text(), log.lines());
            }
            case Acquired.InitDied(String message, _, String output) -> {
                log.text(output);
                yield new DeployOutcome.Failed("init_failed", message, "", log.lines());
            }
            case Acquired.Full _ ->
                new DeployOutcome.Unavailable("the machine is too busy to try the function", log.lines());
            case Acquired.Unavailable(String message) -> new DeployOutcome.Unavailable(message, log.lines());
        };
    }
}
