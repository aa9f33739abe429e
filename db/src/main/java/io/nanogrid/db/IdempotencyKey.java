package io.nanogrid.db;

/// What a retry has in common with the call that it repeats.
///
/// @param caller who calls; what is kept is shared out between callers
/// @param scope names the method, the path and the function
/// @param key what the caller sent as `Idempotency-Key`
public record IdempotencyKey(String caller, String scope, String key) {
}
