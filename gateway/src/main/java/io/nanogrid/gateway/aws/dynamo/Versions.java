package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.Definition;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Versions of functions, one item each, beside their function's.
final class Versions {

    static final String PREFIX = "V#";
    static final String DEPENDENCY_KEY = "dependencyKey";

    private Versions() {
    }

    static VersionRecord of(Item item) {
        return new VersionRecord(item.text("functionId"), (int) item.number("number"),
                DefinitionItems.definition(item.map("definition")), item.textOrNull(DEPENDENCY_KEY),
                VersionState.valueOf(item.text("state")), item.time("createdAt"));
    }

    private static Item item(VersionRecord version) {
        return Item.at(Key.version(version.functionId(), version.number())).set("functionId", version.functionId())
                .set("number", version.number()).set("definition", DefinitionItems.of(version.definition()))
                .set(DEPENDENCY_KEY, version.dependencyKey()).set("state", version.state().name())
                .set("createdAt", version.createdAt()).build();
    }

    /// Newest first.
    static List<Item> all(Table table, String functionId) {
        return table.all(Key.functionPartition(functionId), PREFIX).reversed();
    }

    static VersionRecord begin(Transaction transaction, String functionId, int number, Definition definition,
            Instant now) {
        VersionRecord version = new VersionRecord(functionId, number, definition, null, VersionState.BUILDING, now);
        transaction.create(item(version));
        CodeUses.ofVersion(transaction, functionId, number, definition.codeHash());
        return version;
    }

    /// @return null where the version isn't `BUILDING`
    @Nullable
    static VersionRecord end(Transaction transaction, String functionId, int number, VersionState end,
            @Nullable String dependencyKey) {
        Item before = transaction.get(Key.version(functionId, number));
        if (before == null || of(before).state() != VersionState.BUILDING) {
            return null;
        }
        VersionRecord version = of(before);
        VersionRecord ended = new VersionRecord(functionId, number, version.definition(), dependencyKey, end,
                version.createdAt());
        transaction.replace(before, item(ended));
        CodeUses.ofLibraries(transaction, functionId, number, dependencyKey);
        return ended;
    }

    /// All but the newest `keep`, the two that are named, and one that is `BUILDING`.
    static List<Item> old(Table table, String functionId, int keep, @Nullable Integer live,
            @Nullable Integer previous) {
        Set<@Nullable Integer> stay = new HashSet<>();
        stay.add(live);
        stay.add(previous);
        return all(table, functionId).stream().skip(keep).filter(item -> {
            VersionRecord version = of(item);
            return version.state() != VersionState.BUILDING && !stay.contains(version.number());
        }).toList();
    }

    static void delete(Transaction transaction, Item version) {
        VersionRecord gone = of(version);
        transaction.delete(version);
        CodeUses.endOfVersion(transaction, gone.functionId(), gone.number(), gone.definition().codeHash());
        CodeUses.endOfLibraries(transaction, gone.functionId(), gone.number(), gone.dependencyKey());
    }
}
