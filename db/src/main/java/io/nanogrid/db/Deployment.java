package io.nanogrid.db;

import java.time.Instant;

/// What a callback served, or serves: a version of its function at the endpoint that the draft had when the version was begun.
public record Deployment(long callbackId, int version, Endpoint endpoint, Instant deployedAt) {
}
