package io.nanogrid.gateway.auth;

/// A key can't be made or deleted. Nothing was changed.
public final class KeyRefused extends Exception {
    private static final long serialVersionUID = 1L;

    private final Why why;

    public enum Why {
        /// The name has a key already, or is kept for the configured ones.
        TAKEN,
        /// The first key lacks the scope admin, so that nobody could make another.
        FIRST_NEEDS_ADMIN,
        /// Keys would be left, and none with the scope admin.
        LAST_ADMIN,
        /// Whoever asks may not call any more.
        CALLER,
        /// It stands in the gateway's configuration.
        CONFIGURED, UNKNOWN, TOO_MANY
    }

    KeyRefused(Why why, String message) {
        super(message);
        this.why = why;
    }

    public Why why() {
        return why;
    }
}
