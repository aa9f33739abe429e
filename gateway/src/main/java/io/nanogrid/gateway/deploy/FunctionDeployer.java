package io.nanogrid.gateway.deploy;

import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.StorageException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.gateway.deploy.FunctionVersions.Prepared;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.Turns;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.pool.InstancePool;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes, changes and deletes functions that belong to no callback. Safe for use by many threads; each method blocks until the build has ended.
///
/// Changes of one function take their turns, in the order in which they were asked for. A version runs only once an instance has loaded its
/// code; until then, calls go to the version before, and those that are in flight then end there.
public final class FunctionDeployer {

    private static final Logger LOG = LoggerFactory.getLogger(FunctionDeployer.class);

    private final FunctionRepository functions;
    private final Builds builds;
    private final InstancePool pool;
    private final LiveFunctions live;
    private final Announcer announcer;
    private final Turns<String> turns = new Turns<>();
    /// Functions of which a version is being built in this process.
    private final Set<String> building = ConcurrentHashMap.newKeySet();

    public FunctionDeployer(FunctionRepository functions, Builds builds, InstancePool pool, LiveFunctions live,
            Announcer announcer) {
        this.functions = functions;
        this.builds = builds;
        this.pool = pool;
        this.live = live;
        this.announcer = announcer;
    }

    /// Makes the next draft out of the present function.
    @FunctionalInterface
    public interface Revision {
        FunctionDraft of(FunctionRecord present) throws InvalidDefinition, IOException, InterruptedException;
    }

    /// Ends what an earlier process left in the making, and removes code and libraries that nothing uses. To be called once, at the start.
    public void restore() {
        int interrupted = functions.recoverInterrupted();
        if (interrupted > 0) {
            LOG.warn("{} functions were being built when the gateway ended: send them again", interrupted);
        }
        builds.removeUnused();
    }

    /// Stores a function and builds its first version. Nothing of it stays where that fails.
    public FunctionOutcome create(FunctionDraft draft) throws InterruptedException {
        FunctionRecord function = functions.create(draft);
        try (Turns<String>.Turn _ = turns.takeSurely(function.id())) {
            boolean lives = false;
            try {
                FunctionOutcome outcome = build(function, draft);
                lives = outcome instanceof FunctionOutcome.Current;
                return outcome;
            } finally {
                if (!lives) {
                    discard(function.id());
                }
            }
        }
    }

    /// Builds a new version out of what the revision makes of the function, and has it run. Where that fails, the function is as it was.
    ///
    /// @throws RefusedException where there is no such function, or it belongs to a callback
    public FunctionOutcome update(String id, Revision revision)
            throws InvalidDefinition, IOException, InterruptedException {
        try (Turns<String>.Turn _ = turns.take(id)) {
            failLeftBehind(id);
            FunctionRecord present = functions.find(id).orElseThrow(() -> new RefusedException.UnknownFunction(id));
            Long callback = present.callbackId();
            if (callback != null) {
                throw new RefusedException.OwnedByCallback(id, callback);
            }
            FunctionDraft next = revision.of(present);
            try {
                return build(present, next);
            } finally {
                prune(id);
            }
        }
    }

    private FunctionOutcome build(FunctionRecord function, FunctionDraft draft) throws InterruptedException {
        String id = function.id();
        building.add(id);
        try {
            VersionRecord version = functions.beginVersion(id, draft.definition());
            boolean ended = false;
            try {
                BuildLog log = BuildLog.unheard();
                FunctionOutcome outcome = builds.<FunctionOutcome>release(draft.name(), version, log, built -> {
                    FunctionRecord now = functions.completeVersion(id, version.number(), draft.name(),
                            draft.description(), built.dependencyKey());
                    live.switchTo(now, built.version()).forEach(pool::retire);
                    if (function.currentVersion() != null) {
                        pool.retire(new FunctionVersion.Key(id, function.currentVersion()));
                    }
                    return new FunctionOutcome.Current(now, built.image(), built.took(), built.cached(), log.lines());
                }, fault -> fault);
                if (outcome instanceof BuildFault) {
                    functions.failVersion(id, version.number());
                }
                ended = true;
                if (outcome instanceof FunctionOutcome.Current) {
                    announcer.announce(new Change.Function(id));
                }
                return outcome;
            } finally {
                if (!ended) {
                    fail(version);
                }
            }
        } finally {
            building.remove(id);
        }
    }

    /// Whoever has the turn is the only one here who builds: a version that this gateway is said to be building was left behind when its end
    /// couldn't be written down.
    private void failLeftBehind(String id) {
        if (functions.failInterrupted(id)) {
            LOG.warn("The end of a build of function {} was never stored: it is taken for failed", id);
        }
    }

    /// What can't be written down now is made up for before the function's next change, or at the next start.
    private void fail(VersionRecord version) {
        try {
            functions.failVersion(version.functionId(), version.number());
        } catch (StorageException | RefusedException | IllegalStateException e) {
            LOG.error("The end of a build of function {} couldn't be stored", version.functionId(), e);
        }
    }

    private void prune(String id) {
        try {
            List<VersionRecord> gone = functions.pruneVersions(id, Deployer.KEPT_VERSIONS);
            if (!gone.isEmpty()) {
                builds.remove(gone);
            }
        } catch (StorageException | RefusedException.UnknownFunction e) {
            LOG.warn("Old versions of function {} stay for now: {}", id, e.getMessage());
        }
    }

    /// Deletes a function with its code, instances and libraries. Calls in flight end first.
    ///
    /// @throws RefusedException where there is no such function, it belongs to a callback, or a version of it is being built
    public void delete(String id) throws InterruptedException {
        if (building.contains(id)) {
            throw new RefusedException.FunctionBuildInProgress(id);
        }
        try (Turns<String>.Turn _ = turns.take(id)) {
            failLeftBehind(id);
            deleteInTurn(id);
        }
    }

    private void deleteInTurn(String id) {
        List<VersionRecord> versions = functions.versions(id);
        functions.delete(id);
        live.forget(id);
        announcer.announce(new Change.Function(id));
        builds.remove(versions);
    }

    /// Has calls run what is stored of a function that another gateway may have changed. What isn't in memory is read when it is called; what is
    /// goes on as it was until its successor is ready, or where that can't be made ready on this machine.
    public void follow(String id) throws InvalidDefinition, EngineException, IOException, InterruptedException {
        try (Turns<String>.Turn _ = turns.take(id)) {
            FunctionRecord stored = functions.find(id).orElse(null);
            Integer current = stored == null ? null : stored.currentVersion();
            if (stored == null || current == null) {
                live.forget(id).forEach(pool::retire);
            } else if (stored.callbackId() != null || !live.has(id)) {
                live.forget(id);
            } else if (!live.has(stored)) {
                switchTo(stored, current);
            }
        }
    }

    private void switchTo(FunctionRecord stored, int number)
            throws InvalidDefinition, EngineException, IOException, InterruptedException {
        String id = stored.id();
        VersionRecord record = functions.version(id, number).orElseThrow(() -> new StorageException(
                "version %d of function %s was replaced a moment ago".formatted(number, id)));
        try (Prepared prepared = builds.prepare(stored.name(), record, line -> LOG.info("{}", line))) {
            pool.readmit(prepared.version().key());
            live.switchTo(stored, prepared.version()).forEach(pool::retire);
        }
    }

    /// The functions in memory of which something else is stored.
    public List<String> outdated() {
        return live.all().stream().filter(function -> functions.find(function.id()).filter(function::equals).isEmpty())
                .map(FunctionRecord::id).toList();
    }

    /// What was never told to anyone goes without a trace, or at the next start.
    private void discard(String id) {
        try {
            failLeftBehind(id);
            deleteInTurn(id);
        } catch (StorageException | RefusedException | IllegalStateException e) {
            LOG.error("Function {} stays for now, although it couldn't be built", id, e);
        }
    }
}
