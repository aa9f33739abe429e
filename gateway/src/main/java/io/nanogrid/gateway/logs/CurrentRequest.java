package io.nanogrid.gateway.logs;

import org.jspecify.annotations.Nullable;

/// The id of the request that a thread works for, so that every line of the gateway's log says it. Threads that are started for a request
/// inherit it.
public final class CurrentRequest {

    private static final ThreadLocal<@Nullable String> ID = new InheritableThreadLocal<>();

    private CurrentRequest() {
    }

    public static void begin(String requestId) {
        ID.set(requestId);
    }

    public static void end() {
        ID.remove();
    }

    static @Nullable String id() {
        return ID.get();
    }
}
