package io.nanogrid.db;

/// What a retry has in common with the call that it repeats.
///
/// @param scope the caller, the method, the path and the function
/// @param key what the caller sent as `Idempotency-Key`
public record IdempotencyKey(String scope, String key) {
}
