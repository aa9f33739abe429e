package io.nanogrid.db;

import java.time.Instant;

/// The most memory that one call used.
///
/// @param at when the call started
public record Peak(long bytes, Instant at) {
}
