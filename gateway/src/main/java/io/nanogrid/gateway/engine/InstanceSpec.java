package io.nanogrid.gateway.engine;

import io.nanogrid.spi.RuntimeDescriptor;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// What an instance is to be.
///
/// @param id unique within the gateway; `[a-z0-9-]{1,40}`
/// @param memoryMb limit of memory and swap together, in MiB
/// @param network whether it may reach the network outside the private ranges
/// @param dependencies installed libraries to show to it, if any
/// @param directory host directory with its socket `s` and its pipes `out` and `err`; belongs to this instance alone
public record InstanceSpec(
        String id,
        RuntimeDescriptor runtime,
        int memoryMb,
        boolean network,
        @Nullable DependencyLayer dependencies,
        Path directory) {

    public InstanceSpec {
        if (!id.matches("[a-z0-9-]{1,40}")) {
            throw new IllegalArgumentException("an instance's id must match [a-z0-9-]{1,40}, not '" + id + "'");
        }
    }
}
