package io.nanogrid.db;

import org.jspecify.annotations.Nullable;

/// Where a callback answers, and for whom.
///
/// @param path as the user wrote it, without a leading `/`
/// @param method an HTTP method in upper case, or `ANY`
/// @param routeKey what two paths that match the same requests have in common; with the method it is unique among callbacks
/// @param rateLimit calls a minute from one client, or null for no limit of its own
public record Endpoint(String path, String method, String routeKey, Access auth, @Nullable Integer rateLimit) {
}
