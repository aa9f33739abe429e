package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionRecord;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// All that is stored of a function but its versions. Without a callback it is an item of its own; else it is part of its callback's item, so that
/// whoever reads the one has read the other.
///
/// @param place in the list of functions
/// @param lastVersion the number that was given last, or 0
/// @param building the version that is being built, or null
/// @param making who is about to make something of it; null while nobody is
record FunctionState(String id, String name, @Nullable String description, Definition draft, Instant createdAt,
        Instant updatedAt, long place, int lastVersion, @Nullable Integer current, @Nullable Integer building,
        @Nullable Making making) {

    /// After this time whoever was making something is taken for dead.
    private static final Duration LONGEST_BUILD = Duration.ofHours(1);

    /// @param owner the gateway
    record Making(String owner, Instant since) {

        /// Whether `gateway` may end it at its start: it is what that has left itself, or what one that died has.
        boolean isLeftFor(String gateway, Instant now) {
            return owner.equals(gateway) || isStale(now);
        }

        boolean isStale(Instant now) {
            return since.plus(LONGEST_BUILD).isBefore(now);
        }
    }

    static FunctionState of(Item item) {
        Item making = item.mapOrNull("making");
        return new FunctionState(item.text("id"), item.text("name"), item.textOrNull("description"),
                DefinitionItems.definition(item.map("draft")), item.time("createdAt"), item.time("updatedAt"),
                item.number("place"), (int) item.number("lastVersion"), item.intOrNull("current"),
                item.intOrNull("building"),
                making == null ? null : new Making(making.text("owner"), making.time("since")));
    }

    Item.Builder into(Item.Builder item) {
        return item.set("id", id).set("name", name).set("description", description)
                .set("draft", DefinitionItems.of(draft)).set("createdAt", createdAt).set("updatedAt", updatedAt)
                .set("place", place).set("lastVersion", lastVersion).set("current", current).set("building", building)
                .set("making", making == null
                        ? null
                        : Item.nested().set("owner", making.owner()).set("since", making.since()).build());
    }

    FunctionRecord record(@Nullable Long callbackId) {
        return new FunctionRecord(id, name, description, draft, current, callbackId, createdAt, updatedAt);
    }

    boolean isBuilding(Instant now) {
        return building != null && (making == null || !making.isStale(now));
    }

    FunctionState drafted(String newName, @Nullable String newDescription, Definition newDraft, Instant now) {
        return new FunctionState(id, newName, newDescription, newDraft, createdAt, now, place, lastVersion, current,
                building, making);
    }

    FunctionState begun(int number, Making by) {
        return new FunctionState(id, name, description, draft, createdAt, updatedAt, place, number, current, number,
                by);
    }

    FunctionState made(@Nullable Making by) {
        return new FunctionState(id, name, description, draft, createdAt, updatedAt, place, lastVersion, current,
                building, by);
    }

    FunctionState ended(@Nullable Making by) {
        return new FunctionState(id, name, description, draft, createdAt, updatedAt, place, lastVersion, current, null,
                by);
    }

    FunctionState running(@Nullable Integer version) {
        return new FunctionState(id, name, description, draft, createdAt, updatedAt, place, lastVersion, version,
                building, making);
    }
}
