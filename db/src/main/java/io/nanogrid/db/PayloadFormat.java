package io.nanogrid.db;

/// The shape of the event that a function gets for an HTTP request.
public enum PayloadFormat {
    SIMPLE("simple"), V2("2.0");

    private final String wireName;

    PayloadFormat(String wireName) {
        this.wireName = wireName;
    }

    public String wireName() {
        return wireName;
    }
}
