package io.nanogrid.db;

import java.util.Locale;

/// What a key allows.
public enum Scope {
    DEPLOY, INVOKE, READ, ADMIN;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
