package io.nanogrid.db;

import java.util.Set;

/// What a deletion took away. Another function may still use the same code or dependencies: see
/// {@link CallbackRepository#codeHashesInUse} and {@link CallbackRepository#dependencyKeysInUse}.
public record DeletedCallback(CallbackRecord callback, Set<String> codeHashes, Set<String> dependencyKeys) {
}
