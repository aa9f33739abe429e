package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.javalin.websocket.WsContext;
import io.nanogrid.db.Scope;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.auth.Caller;
import io.nanogrid.gateway.config.GatewayConfig;
import java.net.URI;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Who may call: a caller with a key that has the scope where there are keys, and no web page of somebody else's, ever.
///
/// A page can send a simple request anywhere, and by rebinding its name make the browser take this gateway for the page's own server. So the
/// `Origin` counts, and, where no key protects, the `Host`.
final class Guard {

    static final String API_KEY = "x-api-key";
    /// For whoever hears of something that goes on.
    static final String ACCESS_LOST = "the key was deleted, or a first key was made and this was opened without one";
    private static final String CALLER = "nanogrid.caller";

    private final ApiKeys keys;
    private final Set<String> origins;

    /// @param origins origins besides the gateway's own whose pages may call
    Guard(ApiKeys keys, Set<String> origins) {
        this.keys = keys;
        this.origins = origins;
    }

    /// @param anyOf scopes of which the caller's key needs one; an error names the first
    /// @throws Problem.Thrown if the call isn't allowed
    void require(Context ctx, Scope... anyOf) {
        requireOwnPage(ctx);
        admit(ctx, keys.identify(ctx.header(API_KEY)), anyOf);
    }

    /// The part that looks at where a request comes from, and not at its key.
    void requireOwnPage(Context ctx) {
        String host = ctx.header("Host");
        if (!keys.required() && !isLoopback(host)) {
            throw Problem.foreignHost().thrown();
        }
        String origin = ctx.header("Origin");
        if (origin != null && !origins.contains(origin) && !isOwn(origin, host)) {
            throw Problem.foreignOrigin().thrown();
        }
    }

    /// The part that looks at the key.
    ///
    /// @param caller whose key was presented, or null
    void admit(Context ctx, @Nullable Caller caller, Scope... anyOf) {
        requireScope(caller, anyOf);
        ctx.attribute(CALLER, caller);
    }

    /// Who makes a call that was let through; null where calls need no key and it has none.
    static @Nullable Caller caller(Context ctx) {
        return ctx.attribute(CALLER);
    }

    /// The same of a WebSocket.
    static @Nullable Caller caller(WsContext ctx) {
        return ctx.attribute(CALLER);
    }

    /// For a callback that asks for a key. Where there is none it answers nobody: whoever set it up believes that it is protected.
    void requireKeyOfCallback(@Nullable String presented) {
        if (!keys.required()) {
            throw Problem.noKeyConfigured().thrown();
        }
        requireScope(keys.identify(presented), Scope.INVOKE);
    }

    private void requireScope(@Nullable Caller caller, Scope... anyOf) {
        if (caller == null) {
            if (keys.required()) {
                throw Problem.unauthorized().thrown();
            }
        } else if (Arrays.stream(anyOf).noneMatch(caller::may)) {
            throw Problem.scopeMissing(caller.key(), anyOf[0].wireName()).thrown();
        }
    }

    private static boolean isLoopback(@Nullable String host) {
        if (host == null) {
            return false;
        }
        int colon = host.startsWith("[") ? host.indexOf(':', host.indexOf(']')) : host.indexOf(':');
        return GatewayConfig.isLoopback(colon < 0 ? host : host.substring(0, colon));
    }

    private static boolean isOwn(String origin, @Nullable String host) {
        try {
            URI uri = URI.create(origin);
            return host != null && host.equals(uri.getRawAuthority());
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
