package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.Deployment;
import io.nanogrid.db.LiveRoute;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import io.nanogrid.gateway.aws.dynamo.FunctionState.Making;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Stateless: any thread may use it.
final class DynamoCallbacks implements CallbackRepository {

    private static final int MOST_LOOKS = 10;

    private final Table table;
    private final Clock clock;
    private final Makers makers;

    DynamoCallbacks(Table table, Clock clock) {
        this.table = table;
        this.clock = clock;
        this.makers = new Makers(table, clock);
    }

    @Override
    public CallbackRecord create(CallbackDraft draft) {
        return table.write(transaction -> Callbacks
                .create(transaction, List.of(draft), CallbackStatus.PENDING, clock.now()).getFirst().record());
    }

    @Override
    public boolean seed(List<CallbackDraft> drafts) {
        return table.write(transaction -> {
            if (!untouched()) {
                return false;
            }
            Callbacks.create(transaction, drafts, CallbackStatus.NOT_DEPLOYED, clock.now());
            return true;
        });
    }

    @Override
    public boolean untouched() {
        return Callbacks.untouched(table);
    }

    @Override
    public Optional<CallbackRecord> find(long id) {
        return state(id).map(CallbackState::record);
    }

    private Optional<CallbackState> state(long id) {
        return id < 0 ? Optional.empty() : Optional.ofNullable(table.get(Key.callback(id))).map(CallbackState::of);
    }

    @Override
    public Optional<CallbackRecord> findByRoute(String routeKey, String method) {
        Long owner = Callbacks.owner(table, routeKey, method);
        return owner == null
                ? Optional.empty()
                : find(owner).filter(callback -> callback.endpoint().routeKey().equals(routeKey)
                        && callback.endpoint().method().equals(method));
    }

    @Override
    public List<CallbackRecord> list() {
        return states().stream().map(CallbackState::record).toList();
    }

    private List<CallbackState> states() {
        return table.all(CallbackState.PARTITION).stream().map(CallbackState::of).toList();
    }

    @Override
    public CallbackRecord update(long id, CallbackDraft draft) {
        return table.write(transaction -> {
            Item before = Callbacks.require(transaction, id);
            CallbackState callback = CallbackState.of(before);
            // Gateways hold what a function is called.
            transaction.announce();
            return Callbacks.replace(transaction, before, callback.drafted(draft.endpoint(), draft.chatId(),
                    draft.name(), draft.definition(), clock.now()));
        });
    }

    @Override
    public CallbackRecord delete(long id) {
        Callbacks.pruneAll(table, id);
        return table.write(transaction -> {
            CallbackRecord callback = Callbacks.delete(transaction, id, makers);
            ChatRooms.link(transaction, id, callback.chatId(), null);
            return callback;
        });
    }

    @Override
    public CallbackRecord setStatus(long id, CallbackStatus status) {
        return table.write(transaction -> {
            Item before = Callbacks.require(transaction, id);
            CallbackState callback = CallbackState.of(before);
            callback.record().requireFits(status);
            Instant now = clock.now();
            return Callbacks.replace(transaction, before, callback.with(status,
                    status == CallbackStatus.BUILD ? markOf(callback, now) : null, now));
        });
    }

    /// Whoever is about to make something of it, or has something in the making, stays the one: what that leaves is for nobody else to end.
    private Making markOf(CallbackState callback, Instant now) {
        Making present = callback.function().making();
        return present == null || makers.isAbandoned(present) ? makers.mark(now) : present;
    }

    @Override
    public VersionRecord beginVersion(long id) {
        return table.write(transaction -> {
            Instant now = clock.now();
            Item before = Callbacks.requireNotBuilding(transaction, id, makers);
            CallbackState callback = CallbackState.of(before);
            FunctionState function = callback.function();
            DynamoFunctions.endWhatWasLeft(transaction, function);
            int number = function.lastVersion() + 1;
            Callbacks.replace(transaction, before, callback.begun(number, makers.mark(now), now));
            return Versions.begin(transaction, function.id(), number, function.draft(), now);
        });
    }

    @Override
    public CallbackRecord completeDeployment(long id, int version, @Nullable String dependencyKey) {
        return table.write(transaction -> {
            Item before = Callbacks.require(transaction, id);
            CallbackState callback = CallbackState.of(before);
            VersionRecord ready = end(transaction, callback, version, VersionState.READY, dependencyKey);
            transaction.announce();
            return Callbacks.replace(transaction, before,
                    callback.serving(version, ready.definition(), clock.now()));
        });
    }

    @Override
    public CallbackRecord failDeployment(long id, int version) {
        return table.write(transaction -> {
            Item before = Callbacks.require(transaction, id);
            CallbackState callback = CallbackState.of(before);
            end(transaction, callback, version, VersionState.FAILED, null);
            return Callbacks.replace(transaction, before, callback.notBuilding(clock.now()));
        });
    }

    private static VersionRecord end(Transaction transaction, CallbackState callback, int version, VersionState end,
            @Nullable String dependencyKey) {
        VersionRecord ended = Versions.end(transaction, callback.function().id(), version, end, dependencyKey);
        if (ended == null) {
            throw new IllegalStateException(
                    "version %d of callback %d is not being built".formatted(version, callback.id()));
        }
        return ended;
    }

    @Override
    public CallbackRecord undeploy(long id) {
        return table.write(transaction -> {
            Item before = Callbacks.requireNotBuilding(transaction, id, makers);
            transaction.announce();
            return Callbacks.replace(transaction, before, CallbackState.of(before).undeployed(clock.now()));
        });
    }

    @Override
    public Optional<Deployment> previousDeployment(long id) {
        return state(id).flatMap(CallbackState::previous);
    }

    @Override
    public CallbackRecord rollback(long id) {
        return table.write(transaction -> {
            Item before = Callbacks.requireNotBuilding(transaction, id, makers);
            CallbackState callback = CallbackState.of(before);
            Deployment previous = callback.previous()
                    .orElseThrow(() -> new RefusedException.NothingToRollBackTo(id));
            Integer left = callback.live();
            Item version = transaction.get(Key.version(callback.function().id(), previous.version()));
            if (version == null) {
                throw new RefusedException.NothingToRollBackTo(id);
            }
            CallbackState after = callback.serving(previous.version(), Versions.of(version).definition(), clock.now());
            transaction.announce();
            return Callbacks.replace(transaction, before, left == null ? after : after.without(Set.of(left)),
                    previous.endpoint());
        });
    }

    /// A version that has gone between the two reads is no longer what its callback serves: that is looked up again.
    @Override
    public List<LiveRoute> liveRoutes() {
        List<CallbackState> live = states();
        List<LiveRoute> routes = new ArrayList<>();
        for (int attempt = 0; attempt < MOST_LOOKS && !live.isEmpty(); attempt++) {
            Map<Long, CallbackRecord> unserved = live.stream().filter(callback -> callback.live() != null)
                    .map(CallbackState::record).collect(Collectors.toMap(CallbackRecord::id, callback -> callback));
            Map<String, VersionRecord> versions = table
                    .get(unserved.values().stream().map(DynamoCallbacks::version).toList()).stream().map(Versions::of)
                    .collect(Collectors.toMap(VersionRecord::functionId, version -> version));
            unserved.values().removeIf(
                    callback -> versions.containsKey(callback.function().id())
                            && routes.add(route(callback, versions)));
            live = table.get(unserved.keySet().stream().map(Key::callback).toList()).stream().map(CallbackState::of)
                    .toList();
        }
        routes.sort(Comparator.comparing(route -> route.deployment().callbackId()));
        return List.copyOf(routes);
    }

    private static Key version(CallbackRecord callback) {
        Deployment live = callback.live();
        return Key.version(callback.function().id(), live == null ? 0 : live.version());
    }

    private static LiveRoute route(CallbackRecord callback, Map<String, VersionRecord> versions) {
        Deployment live = callback.live();
        VersionRecord version = versions.get(callback.function().id());
        if (live == null || version == null) {
            throw new IllegalStateException("callback " + callback.id() + " isn't live");
        }
        return new LiveRoute(live, callback.function().name(), version);
    }

    @Override
    public int recoverInterrupted() {
        int recovered = 0;
        for (CallbackState callback : states()) {
            Making making = callback.function().making();
            if (making != null && makers.isLeftForThis(making)) {
                recoverInterrupted(callback.id());
                if (callback.status() == CallbackStatus.BUILD) {
                    recovered++;
                }
            }
        }
        return recovered;
    }

    @Override
    public CallbackRecord recoverInterrupted(long id) {
        return table.write(transaction -> {
            Item before = Callbacks.require(transaction, id);
            CallbackState callback = CallbackState.of(before);
            if (callback.status() != CallbackStatus.BUILD && callback.function().building() == null
                    || isMadeElsewhere(callback)) {
                return callback.record();
            }
            DynamoFunctions.endWhatWasLeft(transaction, callback.function());
            return Callbacks.replace(transaction, before, callback.notBuilding(clock.now()));
        });
    }

    private boolean isMadeElsewhere(CallbackState callback) {
        Making making = callback.function().making();
        return making != null && !makers.isLeftForThis(making);
    }

    @Override
    public List<VersionRecord> pruneVersions(long id, int keep) {
        return Callbacks.prune(table, id, keep);
    }

    @Override
    public Set<String> codeHashesInUse() {
        return CodeUses.all(table);
    }

    @Override
    public Set<String> codeHashesInUse(Set<String> among) {
        return CodeUses.among(table, among);
    }

    @Override
    public Set<String> dependencyKeysInUse() {
        return CodeUses.libraries(table);
    }
}
