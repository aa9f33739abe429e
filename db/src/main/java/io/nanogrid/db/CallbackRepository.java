package io.nanogrid.db;

import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/// Callbacks with their functions, versions and deployments. Each method is one transaction: it happens as a whole or not at all.
///
/// Safe for any number of threads. Methods that take an id throw {@link RefusedException.UnknownCallback} where there is no such callback,
/// except those that return an `Optional`. All of them throw {@link StorageException} when the storage fails.
///
/// A route, that is a route key and a method, belongs to one callback at a time, whether as its draft, as what it is building or as what it serves.
public interface CallbackRepository {

    /// Stores a callback and its function, as `PENDING`.
    ///
    /// @throws RefusedException.DuplicateRoute where another callback has the route
    /// @throws RefusedException.UnknownChatRoom where the draft names a room that doesn't exist
    /// @throws RefusedException.ChatRoomTaken where that room has a callback already
    CallbackRecord create(CallbackDraft draft);

    /// Stores the first callbacks of all, in this order from 1001 on, as `NOT_DEPLOYED`. Does nothing and returns false where a callback has ever
    /// been stored, so that it can be called at each start, also after one that was cut short.
    boolean seed(List<CallbackDraft> drafts);

    /// Whether no callback has ever been stored.
    boolean untouched();

    Optional<CallbackRecord> find(long id);

    /// The callback whose draft has this route.
    Optional<CallbackRecord> findByRoute(String routeKey, String method);

    /// All callbacks, by id.
    List<CallbackRecord> list();

    /// Replaces the draft; what is being built or served stays as it is. Refuses as {@link #create} does.
    CallbackRecord update(long id, CallbackDraft draft);

    /// Deletes the callback, its function, versions and deployments, and frees its chat room. Its executions stay until they are too old.
    ///
    /// @throws RefusedException.BuildInProgress while it is in `BUILD`
    CallbackRecord delete(long id);

    /// For what happens around a build, such as `BUILD` while it waits for its turn.
    ///
    /// @throws IllegalArgumentException where the status would contradict whether something is live
    CallbackRecord setStatus(long id, CallbackStatus status);

    /// Makes the next version out of the draft and puts the callback in `BUILD`. To be ended by {@link #completeDeployment} or {@link #failDeployment}.
    ///
    /// @throws RefusedException.BuildInProgress while another version of it is `BUILDING`
    VersionRecord beginVersion(long id);

    /// Makes a `BUILDING` version `READY` and live, at the endpoint that the draft had when the version was begun.
    ///
    /// @throws IllegalStateException where the version isn't `BUILDING`
    CallbackRecord completeDeployment(long id, int version, @Nullable String dependencyKey);

    /// Makes a `BUILDING` version `FAILED`. What was live stays live.
    ///
    /// @throws IllegalStateException where the version isn't `BUILDING`
    CallbackRecord failDeployment(long id, int version);

    /// Takes away what is live, if anything. The callback is `UNDEPLOYED` in any case, also where it was never deployed.
    ///
    /// @throws RefusedException.BuildInProgress while a version of it is `BUILDING`
    CallbackRecord undeploy(long id);

    /// What {@link #rollback} would go back to: what was served before the live deployment, passing over those that a rollback has left.
    Optional<Deployment> previousDeployment(long id);

    /// Serves {@link #previousDeployment} again. The deployment that it leaves is never gone back to, so that each further rollback goes back one more.
    ///
    /// @throws RefusedException.NothingToRollBackTo where nothing is live, or nothing older was
    /// @throws RefusedException.DuplicateRoute where another callback has taken the older deployment's route
    /// @throws RefusedException.BuildInProgress while a version of it is `BUILDING`
    CallbackRecord rollback(long id);

    /// All that is live, by callback id.
    List<LiveRoute> liveRoutes();

    /// Ends what a gateway that died left in the making. To be called before the first deploy of a process, by it alone.
    ///
    /// @return how many callbacks were in `BUILD`
    int recoverInterrupted();

    /// The same for one callback, for whoever knows that nobody is building it: what a write that failed has left in the making is `FAILED`, and
    /// the callback is no longer in `BUILD`. Does nothing where nothing is in the making, or where another gateway is at it.
    CallbackRecord recoverInterrupted(long id);

    /// Deletes the callback's versions but the newest `keep`, the live one, the one that {@link #rollback} would go back to, and one that is `BUILDING`.
    ///
    /// @return those, of which there is no more than this
    List<VersionRecord> pruneVersions(long id, int keep);

    /// Of all code that a draft or a version has. May read all that is stored.
    Set<String> codeHashesInUse();

    /// Those that a draft or a version has.
    Set<String> codeHashesInUse(Set<String> among);

    /// Of all versions. May read all that is stored.
    Set<String> dependencyKeysInUse();
}
