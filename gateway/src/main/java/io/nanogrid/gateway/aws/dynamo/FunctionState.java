package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionRecord;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// All that is stored of a function but its versions. Without a callback it is an item of its own; else it is part of its callback's item, so that
/// whoever reads the one has read the other.
///
/// @param place in the list of functions
/// @param lastVersion the number that was given last, or 0
/// @param runs the definition of the current version, or null
/// @param building the version that is being built, or null
/// @param making who is about to make something of it; null while nobody is
record FunctionState(String id, String name, @Nullable String description, Definition draft, Instant createdAt,
        Instant updatedAt, long place, int lastVersion, @Nullable Integer current, @Nullable Definition runs,
        @Nullable Integer building, @Nullable Making making) {

    /// @param owner the gateway
    record Making(String owner, Instant since) {
    }

    /// A function that is stored for the first time.
    static FunctionState created(String name, @Nullable String description, Definition draft, Instant now,
            @Nullable Making by) {
        return new FunctionState(UUID.randomUUID().toString(), name, description, draft, now, now,
                Clock.nextPlace(now), 0, null, null, null, by);
    }

    static FunctionState of(Item item) {
        Item making = item.mapOrNull("making");
        Item runs = item.mapOrNull("runs");
        return new FunctionState(item.text("id"), item.text("name"), item.textOrNull("description"),
                DefinitionItems.definition(item.map("draft")), item.time("createdAt"), item.time("updatedAt"),
                item.number("place"), (int) item.number("lastVersion"), item.intOrNull("current"),
                runs == null ? null : DefinitionItems.definition(runs), item.intOrNull("building"),
                making == null ? null : new Making(making.text("owner"), making.time("since")));
    }

    Item.Builder into(Item.Builder item) {
        return item.set("id", id).set("name", name).set("description", description)
                .set("draft", DefinitionItems.of(draft)).set("createdAt", createdAt).set("updatedAt", updatedAt)
                .set("place", place).set("lastVersion", lastVersion).set("current", current)
                .set("runs", runs == null ? null : DefinitionItems.of(runs)).set("building", building)
                .set("making", making == null
                        ? null
                        : Item.nested().set("owner", making.owner()).set("since", making.since()).build());
    }

    FunctionRecord record(@Nullable Long callbackId) {
        return new FunctionRecord(id, name, description, draft, runs == null ? draft : runs, current, callbackId,
                createdAt, updatedAt);
    }

    FunctionState drafted(String newName, @Nullable String newDescription, Definition newDraft, Instant now) {
        return new FunctionState(id, newName, newDescription, newDraft, createdAt, now, place, lastVersion, current,
                runs,
                building, making);
    }

    FunctionState begun(int number, Making by) {
        return new FunctionState(id, name, description, draft, createdAt, updatedAt, place, number, current, runs,
                number, by);
    }

    FunctionState made(@Nullable Making by) {
        return new FunctionState(id, name, description, draft, createdAt, updatedAt, place, lastVersion, current, runs,
                building, by);
    }

    FunctionState ended(@Nullable Making by) {
        return new FunctionState(id, name, description, draft, createdAt, updatedAt, place, lastVersion, current, runs,
                null, by);
    }

    /// Without what is being built. A function that has never had a version to run stays its maker's, who deletes it.
    FunctionState failed() {
        return ended(current == null ? making : null);
    }

    /// @param version null for none; then the definition is null too
    FunctionState running(@Nullable Integer version, @Nullable Definition definition) {
        return new FunctionState(id, name, description, draft, createdAt, updatedAt, place, lastVersion, version,
                definition, building, making);
    }
}
