package io.nanogrid.db;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/// A function as its owner sees it.
///
/// @param draft what the next version of a callback's function will be made of; for another function what runs, or what its first version is made of
/// @param running what calls run; the draft where nothing runs
/// @param currentVersion the version that runs; for the function of a callback the one that the callback serves. Null where there is none
/// @param callbackId the callback that owns the function, or null where nobody does
public record FunctionRecord(String id, String name, @Nullable String description, Definition draft, Definition running,
        @Nullable Integer currentVersion, @Nullable Long callbackId, Instant createdAt, Instant updatedAt) {
}
