package io.nanogrid.gateway.http;

import java.util.function.BooleanSupplier;

/// Something that a process needs, for `/health`.
///
/// @param name what it stands under
/// @param fault what to say where it doesn't work: anybody may read that
/// @param works whether it does; may take its time, and throw
public record Check(String name, String fault, BooleanSupplier works) {
}
