package io.nanogrid.gateway.auth;

import io.nanogrid.db.Scope;
import java.util.Set;

/// Who calls, by the key that was presented.
///
/// @param key the key's name, which is no secret
/// @param id tells the key from others that had its name before, and is no secret either; it stays the same as long as the key is there
public record Caller(String key, String id, Set<Scope> scopes) {

    public boolean may(Scope scope) {
        return scopes.contains(scope);
    }
}
