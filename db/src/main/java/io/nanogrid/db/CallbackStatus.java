package io.nanogrid.db;

/// What a callback is reported as. Something is live exactly when it is `DEPLOYED`, or in `BUILD` over an older version.
public enum CallbackStatus {
    PENDING("pending"), NOT_DEPLOYED("not_deployed"), BUILD("build"), DEPLOYED("deployed"), UNDEPLOYED(
            "undeployed"), FAILED(
                    "failed");

    private final String wireName;

    CallbackStatus(String wireName) {
        this.wireName = wireName;
    }

    public String wireName() {
        return wireName;
    }
}
