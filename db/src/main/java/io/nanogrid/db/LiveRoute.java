package io.nanogrid.db;

/// All that a gateway needs to serve one callback.
public record LiveRoute(Deployment deployment, String functionName, VersionRecord version) {
}
