package io.nanogrid.db;

import java.time.Instant;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/// An API key, without its secret.
///
/// @param hash SHA-256 of the secret
/// @param sealedSecret the encrypted secret of a key that signs requests, or null for any other
public record KeyRecord(String name, Set<Scope> scopes, byte[] hash, byte @Nullable [] sealedSecret,
        Instant createdAt) {
}
