package io.nanogrid.db;

/// Who may call a callback.
public enum Access {
    NONE("none"), KEY("key");

    private final String wireName;

    Access(String wireName) {
        this.wireName = wireName;
    }

    public String wireName() {
        return wireName;
    }
}
