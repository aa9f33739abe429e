package io.nanogrid.gateway.auth;

import io.nanogrid.db.Scope;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A key as it may be shown.
///
/// @param sigv4 whether requests can be signed with it
/// @param createdAt null of a key that stands in the gateway's configuration
public record KeyInfo(String name, Set<Scope> scopes, boolean sigv4, @Nullable Instant createdAt) {
}
