package io.nanogrid.gateway.deploy;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.DeletedCallback;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.LiveRoute;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.deploy.FunctionVersions.Prepared;
import io.nanogrid.gateway.dispatch.Route;
import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.InstallFailed;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.Acquired;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.Lease;
import io.nanogrid.gateway.routes.RouteTable;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes callbacks live and takes them away again. Safe for use by many threads; a deploy blocks until it has ended.
///
/// The deploys of one callback run one after the other, in the order in which they were asked for. A version is live only once an instance of
/// it has loaded its code; that instance stays, for the first call.
public final class Deployer {

    private static final Logger LOG = LoggerFactory.getLogger(Deployer.class);

    private final CallbackRepository callbacks;
    private final FunctionRepository functions;
    private final CodeStore store;
    private final Engine engine;
    private final InstancePool pool;
    private final LiveRoutes routes;
    private final DeployEvents events;
    private final FunctionVersions versions;
    private final CallbackLocks locks = new CallbackLocks();

    public Deployer(
            CallbackRepository callbacks,
            FunctionRepository functions,
            CodeStore store,
            Runtimes runtimes,
            Engine engine,
            InstancePool pool,
            LiveRoutes routes,
            DeployEvents events) {
        this.callbacks = callbacks;
        this.functions = functions;
        this.store = store;
        this.engine = engine;
        this.pool = pool;
        this.routes = routes;
        this.events = events;
        this.versions = new FunctionVersions(runtimes, engine, store);
    }

    /// Serves again what was live when the gateway ended. What can't be served is said in the log, and its callback keeps its status.
    public void restore() throws InterruptedException {
        int interrupted = callbacks.recoverInterrupted();
        if (interrupted > 0) {
            LOG.warn("{} deploys were cut short by the end of the gateway: deploy them again", interrupted);
        }
        Map<Long, RouteTable.Route<Route>> live = new HashMap<>();
        for (LiveRoute route : callbacks.liveRoutes()) {
            try {
                Prepared prepared = versions.prepare(route.functionName(), route.version(),
                        line -> LOG.info("{}", line));
                live.put(route.deployment().callbackId(), LiveRoutes.route(route, prepared.version()));
            } catch (InvalidDefinition | EngineException | IOException e) {
                LOG.error("Callback {} can't be served: {}", route.deployment().callbackId(), e.getMessage());
            }
        }
        routes.putAll(live);
    }

    /// Builds the callback's draft and makes it live.
    ///
    /// @throws RefusedException where there is no such callback
    public DeployOutcome deploy(long callbackId) throws InterruptedException {
        try (CallbackLocks.Held _ = locks.hold(callbackId)) {
            VersionRecord version = callbacks.beginVersion(callbackId);
            BuildLog log = new BuildLog(events, callbackId);
            log.status("build", "Building version " + version.number());
            DeployOutcome outcome = null;
            try {
                outcome = build(callbackId, version, log);
                return outcome;
            } finally {
                if (!(outcome instanceof DeployOutcome.Deployed)) {
                    CallbackRecord after = callbacks.failDeployment(callbackId, version.number());
                    log.error(after.status().wireName(),
                            outcome == null ? "The deploy was interrupted" : message(outcome));
                }
            }
        }
    }

    private static String message(DeployOutcome outcome) {
        return switch (outcome) {
            case DeployOutcome.Deployed(_, int version, _, _, _, _) -> "Version " + version + " is live";
            case DeployOutcome.Failed(_, String message, _, _) -> message;
            case DeployOutcome.Unavailable(String message, _) -> message;
        };
    }

    private DeployOutcome build(long callbackId, VersionRecord version, BuildLog log) throws InterruptedException {
        long began = System.nanoTime();
        try {
            CallbackRecord callback = callbacks.find(callbackId)
                    .orElseThrow(() -> new RefusedException.UnknownCallback(callbackId));
            Prepared prepared = versions.prepare(callback.function().name(), version, log::line);
            DeployOutcome failure = load(prepared.version(), log);
            if (failure != null) {
                pool.retire(prepared.version().key());
                return failure;
            }
            DependencyLayer layer = prepared.version().dependencies();
            CallbackRecord live = callbacks.completeDeployment(callbackId, version.number(),
                    layer == null ? null : layer.key());
            serve(callbackId, prepared.version());
            Duration took = Duration.ofNanos(System.nanoTime() - began);
            log.status(live.status().wireName(),
                    "Version " + version.number() + " is live after " + took.toMillis() + " ms");
            return new DeployOutcome.Deployed(live, version.number(), prepared.image(), took, prepared.cached(),
                    log.lines());
        } catch (InvalidDefinition e) {
            return new DeployOutcome.Failed("build_failed", String.valueOf(e.getMessage()), "", log.lines());
        } catch (InstallFailed e) {
            return new DeployOutcome.Failed("build_failed", String.valueOf(e.getMessage()), "", log.lines());
        } catch (EngineException e) {
            return new DeployOutcome.Unavailable(String.valueOf(e.getMessage()), log.lines());
        } catch (IOException e) {
            LOG.error("The code of callback {} can't be read", callbackId, e);
            return new DeployOutcome.Unavailable("the function's code can't be read: deploy it again with its code",
                    log.lines());
        }
    }

    /// Loads the code into an instance, which then waits for the first call.
    ///
    /// @return null if that worked
    private @Nullable DeployOutcome load(FunctionVersion version, BuildLog log) throws InterruptedException {
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

    /// New calls go to `version` from here on; calls in flight finish on the instances they have.
    private void serve(long callbackId, FunctionVersion version) {
        LiveRoute live = callbacks.liveRoute(callbackId)
                .orElseThrow(() -> new RefusedException.UnknownCallback(callbackId));
        retire(routes.put(callbackId, LiveRoutes.route(live, version)), version.key());
    }

    private void retire(FunctionVersion.@Nullable Key before, FunctionVersion.@Nullable Key now) {
        if (before != null && !before.equals(now)) {
            pool.retire(before);
        }
    }

    /// Takes a callback out of service. Does nothing where it isn't in service.
    public CallbackRecord undeploy(long callbackId) throws InterruptedException {
        try (CallbackLocks.Held _ = locks.hold(callbackId)) {
            CallbackRecord after = callbacks.undeploy(callbackId);
            retire(routes.remove(callbackId), null);
            events.publish(new DeployEvent(DeployEvent.Type.STATUS, callbackId, after.status().wireName(),
                    "Callback undeployed"));
            return after;
        }
    }

    /// Serves again what was served before the present version. It is made ready first, so that nothing changes where that fails.
    ///
    /// @throws RefusedException.NothingToRollBackTo where there is nothing older
    public CallbackRecord rollback(long callbackId)
            throws InterruptedException, InvalidDefinition, EngineException, IOException {
        try (CallbackLocks.Held _ = locks.hold(callbackId)) {
            CallbackRecord callback = callbacks.find(callbackId)
                    .orElseThrow(() -> new RefusedException.UnknownCallback(callbackId));
            VersionRecord version = callbacks.previousDeployment(callbackId)
                    .flatMap(before -> functions.version(callback.function().id(), before.version()))
                    .orElseThrow(() -> new RefusedException.NothingToRollBackTo(callbackId));
            Prepared prepared = versions.prepare(callback.function().name(), version, line -> LOG.info("{}", line));
            CallbackRecord after = callbacks.rollback(callbackId);
            serve(callbackId, prepared.version());
            events.publish(new DeployEvent(DeployEvent.Type.STATUS, callbackId, after.status().wireName(),
                    "Version " + version.number() + " is live again"));
            return after;
        }
    }

    /// Deletes a callback with all that is its own.
    public void delete(long callbackId) {
        deleted(callbacks.delete(callbackId));
    }

    /// Frees what a callback has left that was deleted from the database: its route, its instances, its code and its libraries.
    public void deleted(DeletedCallback gone) {
        retire(routes.remove(gone.callback().id()), null);
        try {
            store.removeAllBut(callbacks.codeHashesInUse());
            Set<String> unused = new HashSet<>(gone.dependencyKeys());
            unused.removeAll(callbacks.dependencyKeysInUse());
            for (String key : unused) {
                engine.remove(new DependencyLayer(key, "", true));
            }
        } catch (IOException | EngineException e) {
            LOG.warn("Something of callback {} stays behind on the disk: {}", gone.callback().id(), e.getMessage());
        }
    }
}
