package io.nanogrid.db;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/// A function as its owner sees it: `draft` is what the next version will be made of.
///
/// @param currentVersion the version that runs; for the function of a callback the one that the callback serves. Null where there is none
/// @param callbackId the callback that owns the function, or null where nobody does
public record FunctionRecord(String id, String name, @Nullable String description, Definition draft,
        @Nullable Integer currentVersion, @Nullable Long callbackId, Instant createdAt, Instant updatedAt) {

    /// The present draft, to be changed and given to {@link FunctionRepository#update}.
    public FunctionDraft functionDraft() {
        return new FunctionDraft(name, description, draft);
    }
}
