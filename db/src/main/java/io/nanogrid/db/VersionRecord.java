package io.nanogrid.db;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/// A snapshot of a function's draft. It never changes again once it is `READY` or `FAILED`.
///
/// @param number counts from 1 per function, and is never given twice
/// @param dependencyKey names the built dependencies, or null where the version needs none
public record VersionRecord(String functionId, int number, Definition definition, @Nullable String dependencyKey,
        VersionState state, Instant createdAt) {
}
