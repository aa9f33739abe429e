package io.nanogrid.db;

/// A version starts as `BUILDING` and ends as one of the other two; only a `READY` one can serve.
public enum VersionState {
    BUILDING, READY, FAILED
}
