package io.nanogrid.gateway.dispatch;

import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Who waits for what a thread does. A long wait asks once in a while whether anybody still does.
public final class Caller {

    private static final ThreadLocal<@Nullable BooleanSupplier> GONE = new ThreadLocal<>();

    private Caller() {
    }

    /// @param gone whether the caller of what this thread does from now on has hung up
    public static void begin(BooleanSupplier gone) {
        GONE.set(gone);
    }

    public static void end() {
        GONE.remove();
    }

    static boolean isGone() {
        BooleanSupplier gone = GONE.get();
        return gone != null && gone.getAsBoolean();
    }
}
