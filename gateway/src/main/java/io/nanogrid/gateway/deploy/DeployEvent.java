package io.nanogrid.gateway.deploy;

/// One line of a deploy's progress.
///
/// @param status the callback's status as the contract spells it
public record DeployEvent(Type type, long callbackId, String status, String message) {

    public enum Type {
        STATUS, LOG, ERROR
    }
}
