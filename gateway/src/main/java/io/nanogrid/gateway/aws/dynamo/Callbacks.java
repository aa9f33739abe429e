package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.Deployment;
import io.nanogrid.db.Endpoint;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.gateway.aws.dynamo.CallbackState.Route;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Writing callbacks with all that hangs on them, inside a transaction.
final class Callbacks {

    private static final Key NUMBERS = Key.counter("callbacks");
    private static final String NEXT = "next";
    private static final long FIRST = 1001;

    private Callbacks() {
    }

    static boolean untouched(Table table) {
        return table.get(NUMBERS) == null;
    }

    /// Stores new callbacks, under the next ids.
    static List<CallbackState> create(Transaction transaction, List<CallbackDraft> drafts, CallbackStatus status,
            Instant now) {
        Item numbers = transaction.get(NUMBERS);
        long first = numbers == null ? FIRST : numbers.number(NEXT);
        Item after = Item.at(NUMBERS).set(NEXT, first + drafts.size()).build();
        if (numbers == null) {
            transaction.create(after);
        } else {
            transaction.replace(numbers, after);
        }
        List<CallbackState> created = IntStream.range(0, drafts.size())
                .mapToObj(i -> state(first + i, drafts.get(i), status, now)).toList();
        created.forEach(callback -> store(transaction, callback));
        return created;
    }

    private static CallbackState state(long id, CallbackDraft draft, CallbackStatus status, Instant now) {
        return new CallbackState(id, draft.endpoint(), status, null, List.of(), draft.chatId(), now, now,
                FunctionState.created(draft.name(), null, draft.definition(), now, null));
    }

    private static void store(Transaction transaction, CallbackState callback) {
        FunctionState function = callback.function();
        claim(transaction, callback, callback.endpoint());
        ChatRooms.link(transaction, callback.id(), null, callback.chatId());
        transaction.create(callback.item());
        transaction.create(Item.at(Key.function(function.id())).set(FunctionIndex.OWNER, callback.id()).build());
        FunctionIndex.add(transaction, function, callback.id());
        CodeUses.ofDraft(transaction, function.id(), function.draft().codeHash());
    }

    static Item require(Transaction transaction, long id) {
        Item item = transaction.get(Key.callback(id));
        if (item == null) {
            throw new RefusedException.UnknownCallback(id);
        }
        return item;
    }

    static Item requireNotBuilding(Transaction transaction, long id, Makers makers) {
        Item item = require(transaction, id);
        if (makers.isBuilding(CallbackState.of(item).function())) {
            throw new RefusedException.BuildInProgress(id);
        }
        return item;
    }

    /// Replaces a callback by what it has become, and sees to its routes, room, names and code.
    ///
    /// @param wanted the endpoint to name where a route belongs to another callback
    static CallbackRecord replace(Transaction transaction, Item before, CallbackState after, Endpoint wanted) {
        CallbackState was = CallbackState.of(before);
        Set<Route> gone = new HashSet<>(was.routes());
        gone.removeAll(after.routes());
        Set<Route> come = new HashSet<>(after.routes());
        come.removeAll(was.routes());
        come.forEach(route -> claim(transaction, after, route, wanted));
        gone.forEach(route -> transaction.delete(route.key()));
        ChatRooms.link(transaction, after.id(), was.chatId(), after.chatId());
        FunctionIndex.rename(transaction, was.function(), after.function(), after.id());
        CodeUses.ofDraft(transaction, was.function().id(), was.function().draft().codeHash(),
                after.function().draft().codeHash());
        transaction.replace(before, after.item());
        return after.record();
    }

    static CallbackRecord replace(Transaction transaction, Item before, CallbackState after) {
        return replace(transaction, before, after, after.endpoint());
    }

    private static void claim(Transaction transaction, CallbackState callback, Endpoint endpoint) {
        claim(transaction, callback, Route.of(endpoint), endpoint);
    }

    private static void claim(Transaction transaction, CallbackState callback, Route route, Endpoint wanted) {
        Item present = transaction.get(route.key());
        if (present != null) {
            throw new RefusedException.DuplicateRoute(wanted, present.number(FunctionIndex.OWNER));
        }
        transaction.create(Item.at(route.key()).set(FunctionIndex.OWNER, callback.id()).build());
    }

    /// The callback that has the route, or null.
    static @Nullable Long owner(Table table, String routeKey, String method) {
        Item claim = table.get(Key.route(routeKey, method));
        return claim == null ? null : claim.numberOrNull(FunctionIndex.OWNER);
    }

    /// @return the versions that are gone; perhaps not all that are to go
    static List<VersionRecord> prune(Table table, long id, int keep) {
        return table.write(transaction -> {
            Item before = require(transaction, id);
            CallbackState callback = CallbackState.of(before);
            List<Item> old = Versions.old(table, callback.function().id(), keep, callback.live(),
                    callback.previous().map(Deployment::version).orElse(null)).stream()
                    .limit(DynamoFunctions.AT_ONCE).toList();
            if (!old.isEmpty()) {
                replace(transaction, before, callback.without(
                        old.stream().map(item -> Versions.of(item).number()).collect(Collectors.toSet())));
                old.forEach(version -> Versions.delete(transaction, version));
            }
            return old.stream().map(Versions::of).toList();
        });
    }

    /// Leaves no more versions than go in one transaction with their callback: those that failed may be many.
    static void pruneAll(Table table, long id) {
        while (table.get(Key.callback(id)) != null && !prune(table, id, DynamoFunctions.KEPT).isEmpty()) {
            // The next of them.
        }
    }

    static CallbackRecord delete(Transaction transaction, long id, Makers makers) {
        Item before = requireNotBuilding(transaction, id, makers);
        CallbackState callback = CallbackState.of(before);
        if (callback.status() == CallbackStatus.BUILD && !isAbandoned(callback, makers)) {
            throw new RefusedException.BuildInProgress(id);
        }
        transaction.delete(before);
        callback.routes().forEach(route -> transaction.delete(route.key()));
        transaction.delete(Key.function(callback.function().id()));
        DynamoFunctions.remove(transaction, callback.function());
        transaction.announce();
        return callback.record();
    }

    private static boolean isAbandoned(CallbackState callback, Makers makers) {
        FunctionState.Making making = callback.function().making();
        return making != null && makers.isAbandoned(making);
    }
}
