package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.config.GatewayConfig;
import java.net.URI;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Who may manage callbacks: a caller with a key where there are keys, and no web page of somebody else's, ever.
///
/// A page can send a simple request anywhere, and by rebinding its name make the browser take this gateway for the page's own server. So the
/// `Origin` counts, and, where no key protects, the `Host`.
final class Guard {

    static final String API_KEY = "x-api-key";

    private final ApiKeys keys;
    private final Set<String> origins;

    /// @param origins origins besides the gateway's own whose pages may manage callbacks
    Guard(ApiKeys keys, Set<String> origins) {
        this.keys = keys;
        this.origins = origins;
    }

    void requireManager(Context ctx) {
        String host = ctx.header("Host");
        if (!keys.required() && !isLoopback(host)) {
            throw Problem.foreignHost().thrown();
        }
        String origin = ctx.header("Origin");
        if (origin != null && !origins.contains(origin) && !isOwn(origin, host)) {
            throw Problem.foreignOrigin().thrown();
        }
        requireKey(ctx.header(API_KEY));
    }

    /// For a callback that asks for a key. Where there is none it answers nobody: whoever set it up believes that it is protected.
    void requireKeyOfCallback(@Nullable String presented) {
        if (!keys.required()) {
            throw Problem.noKeyConfigured().thrown();
        }
        requireKey(presented);
    }

    private void requireKey(@Nullable String presented) {
        if (keys.required() && !keys.accept(presented)) {
            throw Problem.unauthorized().thrown();
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
