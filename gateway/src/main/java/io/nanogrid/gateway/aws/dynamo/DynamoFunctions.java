package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.Page;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import io.nanogrid.gateway.aws.dynamo.FunctionState.Making;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Stateless: any thread may use it.
final class DynamoFunctions implements FunctionRepository {

    private static final String CURSOR = "functions";
    /// Versions that go in one transaction with their function, well below DynamoDB's bounds of 100 items and 4 MB.
    static final int AT_ONCE = 25;
    /// Versions that are left for the transaction that deletes a function, besides what runs of it.
    static final int KEPT = 10;

    private final Table table;
    private final Clock clock;
    private final Makers makers;

    DynamoFunctions(Table table, Clock clock) {
        this.table = table;
        this.clock = clock;
        this.makers = new Makers(table, clock);
    }

    @Override
    public FunctionRecord create(FunctionDraft draft) {
        return table.write(transaction -> {
            Instant now = clock.now();
            FunctionState function = FunctionState.created(draft.name(), draft.description(), draft.definition(), now,
                    makers.mark(now));
            transaction.create(item(function));
            FunctionIndex.add(transaction, function, null);
            CodeUses.ofDraft(transaction, function.id(), draft.definition().codeHash());
            return function.record(null);
        });
    }

    @Override
    public Optional<FunctionRecord> find(String id) {
        Item item = table.get(Key.function(id));
        if (item == null) {
            return Optional.empty();
        }
        Long callback = item.numberOrNull(FunctionIndex.OWNER);
        if (callback == null) {
            return Optional.of(record(item));
        }
        return Optional.ofNullable(table.get(Key.callback(callback))).map(DynamoFunctions::record);
    }

    @Override
    public Optional<FunctionRecord> findByName(String name) {
        List<Key> targets = table.all(FunctionIndex.NAME + name).reversed().stream().map(FunctionIndex::target)
                .toList();
        List<FunctionRecord> functions = table.get(targets).stream().map(DynamoFunctions::record).toList();
        return functions.stream().filter(function -> function.currentVersion() != null).findFirst()
                .or(() -> functions.stream().findFirst());
    }

    @Override
    public Page<FunctionRecord> list(int limit, @Nullable String cursor) {
        String before = Cursor.decode(CURSOR, cursor);
        List<Item> entries = table.last(FunctionIndex.LIST, before, limit + 1);
        List<Item> given = entries.subList(0, Math.min(limit, entries.size()));
        List<FunctionRecord> functions = table.get(given.stream().map(FunctionIndex::target).toList()).stream()
                .map(DynamoFunctions::record).toList();
        return new Page<>(functions,
                entries.size() > limit ? Cursor.encode(CURSOR, given.getLast().key().sort()) : null);
    }

    @Override
    public VersionRecord beginVersion(String id, Definition definition) {
        return table.write(transaction -> {
            Instant now = clock.now();
            Item before = requireNotBuilding(transaction, id);
            FunctionState function = FunctionState.of(before);
            endWhatWasLeft(transaction, function);
            int number = function.lastVersion() + 1;
            transaction.replace(before, item(function.begun(number, makers.mark(now))));
            return Versions.begin(transaction, id, number, definition, now);
        });
    }

    @Override
    public FunctionRecord completeVersion(String id, int number, String name, @Nullable String description,
            @Nullable String dependencyKey) {
        return table.write(transaction -> {
            Item before = requireUnowned(transaction, id);
            FunctionState function = FunctionState.of(before);
            Definition definition = end(transaction, id, number, VersionState.READY, dependencyKey).definition();
            FunctionState after = function.ended(null).running(number, definition).drafted(name, description,
                    definition,
                    clock.now());
            transaction.replace(before, item(after));
            FunctionIndex.rename(transaction, function, after, null);
            CodeUses.ofDraft(transaction, id, function.draft().codeHash(), definition.codeHash());
            transaction.announce();
            return after.record(null);
        });
    }

    @Override
    public FunctionRecord failVersion(String id, int number) {
        return table.write(transaction -> {
            Item before = requireUnowned(transaction, id);
            FunctionState function = FunctionState.of(before);
            Making making = function.making();
            if (Objects.equals(function.building(), number) && making != null
                    && !makers.isLeftForThis(making)) {
                throw new RefusedException.FunctionBuildInProgress(id);
            }
            end(transaction, id, number, VersionState.FAILED, null);
            FunctionState after = function.failed();
            transaction.replace(before, item(after));
            return after.record(null);
        });
    }

    @Override
    public FunctionRecord delete(String id) {
        while (table.get(Key.function(id)) != null && !pruneVersions(id, KEPT).isEmpty()) {
            // The next of them.
        }
        return table.write(transaction -> {
            Item before = requireNotBuilding(transaction, id);
            delete(transaction, before);
            return record(before);
        });
    }

    private static void delete(Transaction transaction, Item before) {
        FunctionState function = FunctionState.of(before);
        transaction.delete(before);
        remove(transaction, function);
        transaction.announce();
    }

    /// All of a function but the item that its state is in.
    static void remove(Transaction transaction, FunctionState function) {
        FunctionIndex.remove(transaction, function);
        CodeUses.endOfDraft(transaction, function.id(), function.draft().codeHash());
        Versions.all(transaction.table(), function.id()).forEach(version -> Versions.delete(transaction, version));
    }

    @Override
    public List<VersionRecord> pruneVersions(String id, int keep) {
        return table.write(transaction -> {
            Item before = requireUnowned(transaction, id);
            List<Item> old = Versions.old(table, id, keep, FunctionState.of(before).current(), null).stream()
                    .limit(AT_ONCE).toList();
            if (!old.isEmpty()) {
                transaction.replace(before, before);
                old.forEach(version -> Versions.delete(transaction, version));
            }
            return old.stream().map(Versions::of).toList();
        });
    }

    @Override
    public int recoverInterrupted() {
        int recovered = 0;
        for (Item entry : table.all(FunctionIndex.LIST)) {
            if (!entry.has(FunctionIndex.OWNER) && table.write(
                    transaction -> recover(transaction, transaction.get(FunctionIndex.target(entry))))) {
                recovered++;
            }
        }
        return recovered;
    }

    private boolean recover(Transaction transaction, @Nullable Item before) {
        Making making = before == null ? null : FunctionState.of(before).making();
        if (before == null || making == null || !makers.isLeftForThis(making)) {
            return false;
        }
        FunctionState function = FunctionState.of(before);
        if (function.current() == null) {
            delete(transaction, before);
        } else {
            endWhatWasLeft(transaction, function);
            transaction.replace(before, item(function.ended(null)));
        }
        return true;
    }

    @Override
    public boolean failInterrupted(String id) {
        return table.write(transaction -> {
            Item before = transaction.get(Key.function(id));
            if (before == null || before.has(FunctionIndex.OWNER)) {
                return false;
            }
            FunctionState function = FunctionState.of(before);
            Making making = function.making();
            if (function.building() == null || making == null || !makers.isLeftForThis(making)) {
                return false;
            }
            endWhatWasLeft(transaction, function);
            transaction.replace(before, item(function.failed()));
            return true;
        });
    }

    /// A version that nobody is building any more is `FAILED`.
    static void endWhatWasLeft(Transaction transaction, FunctionState function) {
        Integer building = function.building();
        if (building != null) {
            Versions.end(transaction, function.id(), building, VersionState.FAILED, null);
        }
    }

    @Override
    public List<VersionRecord> versions(String functionId) {
        return Versions.all(table, functionId).stream().map(Versions::of).toList();
    }

    @Override
    public Optional<VersionRecord> version(String functionId, int number) {
        return Optional.ofNullable(table.get(Key.version(functionId, number))).map(Versions::of);
    }

    private static Item item(FunctionState function) {
        return function.into(Item.at(Key.function(function.id()))).build();
    }

    /// @param item a function's own, or its callback's
    private static FunctionRecord record(Item item) {
        return item.key().partition().equals(CallbackState.PARTITION)
                ? CallbackState.of(item).functionRecord()
                : FunctionState.of(item).record(null);
    }

    private static Item requireUnowned(Transaction transaction, String id) {
        Item item = transaction.get(Key.function(id));
        if (item == null) {
            throw new RefusedException.UnknownFunction(id);
        }
        Long owner = item.numberOrNull(FunctionIndex.OWNER);
        if (owner != null) {
            throw new RefusedException.OwnedByCallback(id, owner);
        }
        return item;
    }

    private Item requireNotBuilding(Transaction transaction, String id) {
        Item item = requireUnowned(transaction, id);
        if (makers.isBuilding(FunctionState.of(item))) {
            throw new RefusedException.FunctionBuildInProgress(id);
        }
        return item;
    }

    private static VersionRecord end(Transaction transaction, String id, int number, VersionState end,
            @Nullable String dependencyKey) {
        VersionRecord version = Versions.end(transaction, id, number, end, dependencyKey);
        if (version == null) {
            throw new IllegalStateException("version %d of function '%s' is not being built".formatted(number, id));
        }
        return version;
    }
}
