package io.nanogrid.gateway.auth;

import io.nanogrid.db.Scope;
import java.util.Set;

/// Who calls, by the key that was presented.
///
/// @param key the key's name, which is no secret
public record Caller(String key, Set<Scope> scopes) {

    public boolean may(Scope scope) {
        return scopes.contains(scope);
    }
}
