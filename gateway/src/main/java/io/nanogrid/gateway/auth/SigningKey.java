package io.nanogrid.gateway.auth;

/// A key that requests can be signed with.
public record SigningKey(Caller caller, String secret) {

    /// Without the secret, so that it can't get into a log.
    @Override
    public String toString() {
        return "SigningKey[" + caller.key() + "]";
    }
}
