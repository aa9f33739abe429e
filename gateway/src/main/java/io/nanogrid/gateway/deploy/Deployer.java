package io.nanogrid.gateway.deploy;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.ChatRoomRecord;
import io.nanogrid.db.ChatRoomRepository;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.StorageException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.Turns;
import io.nanogrid.gateway.pool.InstancePool;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes callbacks live and takes them away again. Safe for use by many threads; a deploy blocks until it has ended.
///
/// Whatever changes what a callback serves takes its turn: one after the other, in the order in which they were asked for. A version is live
/// only once an instance of it has loaded its code; that instance stays, for the first call.
public final class Deployer {

    /// How many versions of a callback are kept, besides the live one and the one to roll back to.
    static final int KEPT_VERSIONS = 10;

    private static final Logger LOG = LoggerFactory.getLogger(Deployer.class);

    private final CallbackRepository callbacks;
    private final FunctionRepository functions;
    private final Builds builds;
    private final DeployEvents events;
    private final Announcer announcer;
    private final Releases releases;
    private final Turns<Long> turns = new Turns<>();
    /// How many deploys of a callback have been accepted and haven't ended.
    private final Map<Long, Integer> accepted = new ConcurrentHashMap<>();

    public Deployer(
            CallbackRepository callbacks,
            FunctionRepository functions,
            Builds builds,
            InstancePool pool,
            LiveRoutes routes,
            LiveFunctions live,
            DeployEvents events,
            Announcer announcer) {
        this.callbacks = callbacks;
        this.functions = functions;
        this.builds = builds;
        this.events = events;
        this.announcer = announcer;
        this.releases = new Releases(callbacks, functions, builds, pool, routes, live);
    }

    /// Serves again what was live when the gateway ended. What can't be served is said in the log, and its callback keeps its status.
    /// Libraries that nothing needs any more are removed.
    public void restore() throws InterruptedException {
        int interrupted = callbacks.recoverInterrupted();
        if (interrupted > 0) {
            LOG.warn("{} deploys were cut short by the end of the gateway: deploy them again", interrupted);
        }
        releases.restore();
        builds.removeUnusedLibraries();
    }

    /// Builds the callback's draft and makes it live.
    ///
    /// @throws RefusedException where there is no such callback
    public DeployOutcome deploy(long callbackId) throws InterruptedException {
        return accept(callbackId).run();
    }

    /// Gives a deploy its place in the order, and the callback the status `build`.
    ///
    /// @return the deploy, which has to be run: until then it keeps others from their turn
    /// @throws RefusedException where there is no such callback
    public Accepted accept(long callbackId) {
        accepted.merge(callbackId, 1, Integer::sum);
        Turns<Long>.Turn turn = turns.ask(callbackId);
        boolean written = false;
        try {
            CallbackRecord callback = callbacks.setStatus(callbackId, CallbackStatus.BUILD);
            written = true;
            return new Accepted(callback, turn);
        } finally {
            if (!written) {
                end(callbackId, turn);
            }
        }
    }

    private void end(long callbackId, Turns<Long>.Turn turn) {
        turn.close();
        accepted.computeIfPresent(callbackId, (_, count) -> count == 1 ? null : count - 1);
    }

    /// A deploy that waits for its turn.
    public final class Accepted {

        private final CallbackRecord callback;
        private final Turns<Long>.Turn turn;

        private Accepted(CallbackRecord callback, Turns<Long>.Turn turn) {
            this.callback = callback;
            this.turn = turn;
        }

        /// With the status `build`.
        public CallbackRecord callback() {
            return callback;
        }

        /// Waits for the turn, builds the draft of that moment, and makes it live. To be called once. Whatever it throws is in the log.
        public DeployOutcome run() throws InterruptedException {
            BuildLog log = new BuildLog(events, callback.id());
            try {
                turn.await();
                return build(callback.id(), log);
            } catch (InterruptedException | RuntimeException | Error e) {
                failAfter(e, log);
                throw e;
            } finally {
                end(callback.id(), turn);
            }
        }

        /// What can't be written down now is made up for by [#inTurn]; and where the turn hasn't come, by whoever has it.
        private void failAfter(Throwable first, BuildLog log) {
            LOG.error("The deploy of callback {} failed", callback.id(), first);
            String message = first instanceof InterruptedException
                    ? "The deploy was interrupted"
                    : "The gateway failed: its log says why";
            if (turn.waits()) {
                log.error("build", message);
                return;
            }
            try {
                log.error(callbacks.recoverInterrupted(callback.id()).status().wireName(), message);
            } catch (RuntimeException second) {
                LOG.error("The end of that deploy couldn't be stored", second);
                first.addSuppressed(second);
                log.error("build", message);
            }
        }
    }

    private DeployOutcome build(long callbackId, BuildLog log) throws InterruptedException {
        VersionRecord version = inTurn(callbackId, () -> callbacks.beginVersion(callbackId));
        log.status("build", "Building version " + version.number());
        DeployOutcome outcome = releases.release(callbackId, version, log,
                built -> callbacks.completeDeployment(callbackId, version.number(), built.dependencyKey()));
        switch (outcome) {
            case DeployOutcome.Deployed done -> {
                announce(done.callback());
                prune(callbackId);
            }
            case BuildFault fault -> fail(callbackId, version, log, fault.message());
        }
        return outcome;
    }

    private void fail(long callbackId, VersionRecord version, BuildLog log, String message) {
        CallbackRecord after = callbacks.failDeployment(callbackId, version.number());
        log.error(after.status().wireName(), message);
    }

    /// Does one step of whoever has the callback's turn. A version that is said to be building, then, was left behind when its end couldn't be
    /// written down, and is failed first.
    private <T> T inTurn(long callbackId, Supplier<T> step) {
        try {
            return step.get();
        } catch (RefusedException.BuildInProgress e) {
            LOG.warn("The end of a deploy of callback {} was never stored: it is taken for failed", callbackId);
            callbacks.recoverInterrupted(callbackId);
            return step.get();
        }
    }

    private void prune(long callbackId) {
        try {
            List<VersionRecord> gone = callbacks.pruneVersions(callbackId, KEPT_VERSIONS);
            if (!gone.isEmpty()) {
                builds.remove(gone);
            }
        } catch (StorageException | RefusedException.UnknownCallback e) {
            LOG.warn("Old versions of callback {} stay for now: {}", callbackId, e.getMessage());
        }
    }

    /// Takes a callback out of service. One that wasn't in service, such as a pending one, is `undeployed` afterwards too.
    public CallbackRecord undeploy(long callbackId) throws InterruptedException {
        try (Turns<Long>.Turn _ = turns.take(callbackId)) {
            CallbackRecord after = inTurn(callbackId, () -> callbacks.undeploy(callbackId));
            releases.withdraw(after);
            events.publish(new DeployEvent(DeployEvent.Type.STATUS, callbackId, after.status().wireName(),
                    "Callback undeployed"));
            announce(after);
            return after;
        }
    }

    /// Serves again what was served before the present version. It is made ready and tried first, so that nothing changes where that fails.
    ///
    /// @throws RefusedException.NothingToRollBackTo where nothing was
    public DeployOutcome rollback(long callbackId) throws InterruptedException {
        try (Turns<Long>.Turn _ = turns.take(callbackId)) {
            CallbackRecord callback = callbacks.find(callbackId)
                    .orElseThrow(() -> new RefusedException.UnknownCallback(callbackId));
            VersionRecord version = callbacks.previousDeployment(callbackId)
                    .flatMap(before -> functions.version(callback.function().id(), before.version()))
                    .orElseThrow(() -> new RefusedException.NothingToRollBackTo(callbackId));
            BuildLog log = new BuildLog(events, callbackId);
            log.status(callback.status().wireName(), "Rolling back to version " + version.number());
            DeployOutcome outcome = releases.release(callbackId, version, log,
                    _ -> inTurn(callbackId, () -> callbacks.rollback(callbackId)));
            if (outcome instanceof DeployOutcome.Deployed done) {
                announce(done.callback());
            }
            return outcome;
        }
    }

    /// Deletes a callback with all that is its own.
    ///
    /// @return as it was
    /// @throws RefusedException.BuildInProgress while a deploy of it goes on or waits for its turn
    public CallbackRecord delete(long callbackId) throws InterruptedException {
        if (accepted.containsKey(callbackId)) {
            throw new RefusedException.BuildInProgress(callbackId);
        }
        try (Turns<Long>.Turn _ = turns.take(callbackId)) {
            List<VersionRecord> versions = versions(callbackId);
            CallbackRecord gone = deleteInTurn(callbackId);
            free(gone, versions);
            return gone;
        }
    }

    private CallbackRecord deleteInTurn(long callbackId) {
        try {
            return callbacks.delete(callbackId);
        } catch (RefusedException.BuildInProgress e) {
            if (accepted.containsKey(callbackId)) {
                throw e;
            }
            callbacks.recoverInterrupted(callbackId);
            return callbacks.delete(callbackId);
        }
    }

    /// Deletes a chat room with its callback, and frees what that has left.
    ///
    /// @return the callback that went with it, if it had one
    /// @throws RefusedException.UnknownChatRoom where there is none of that id
    /// @throws RefusedException.BuildInProgress while its callback is being built
    public Optional<CallbackRecord> deleteRoom(ChatRoomRepository rooms, String chatId) {
        List<VersionRecord> versions = rooms.find(chatId).map(ChatRoomRecord::callbackId).map(this::versions)
                .orElse(List.of());
        Optional<CallbackRecord> gone = rooms.delete(chatId);
        gone.ifPresent(callback -> {
            // A deploy that was about to serve it does that first.
            try (Turns<Long>.Turn _ = turns.takeSurely(callback.id())) {
                free(callback, versions);
            }
        });
        return gone;
    }

    private List<VersionRecord> versions(long callbackId) {
        return callbacks.find(callbackId).map(callback -> functions.versions(callback.function().id()))
                .orElse(List.of());
    }

    /// Of a callback that was deleted from the database: its route, its instances, its code and its libraries.
    private void free(CallbackRecord gone, List<VersionRecord> versions) {
        releases.withdraw(gone);
        announce(gone);
        builds.remove(versions);
        builds.removeCode(Map.of(gone.function().draft().codeHash(), gone.updatedAt()));
    }

    /// Workers know no callbacks: they hear of the function.
    private void announce(CallbackRecord changed) {
        announcer.announce(new Change.Callback(changed.id()));
        announcer.announce(new Change.Function(changed.function().id()));
    }

    /// Serves what is stored of a callback that another gateway may have changed, once no deploy of it goes on here. Where that can't be made
    /// ready on this machine, what was served before goes on. Libraries and code that are no longer needed stay until the next sweep.
    public void follow(long callbackId) throws InvalidDefinition, EngineException, IOException, InterruptedException {
        try (Turns<Long>.Turn _ = turns.take(callbackId)) {
            releases.catchUp(callbackId);
        }
    }

    /// The callbacks of which something else is stored than what is served here.
    public Set<Long> outdated() {
        return releases.outdated();
    }
}
