package io.nanogrid.gateway.engine;

/// Whether an engine works.
///
/// @param detail one line for the operator: what works and how it confines, or what is missing and what to do about it
public record EngineHealth(boolean healthy, String detail) {
}
