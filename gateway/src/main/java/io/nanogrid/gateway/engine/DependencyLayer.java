package io.nanogrid.gateway.engine;

/// Libraries that have been installed for a function.
///
/// @param key hash of everything that they depend on, in hexadecimal
/// @param location where instances see them
/// @param cached whether they were there already
public record DependencyLayer(String key, String location, boolean cached) {
}
