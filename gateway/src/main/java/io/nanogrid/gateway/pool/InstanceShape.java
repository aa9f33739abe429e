package io.nanogrid.gateway.pool;

import io.nanogrid.spi.RuntimeDescriptor;
import org.jspecify.annotations.Nullable;

/// What is fixed about an instance before it has a function: two functions of one shape can be served by the same kind of stem.
record InstanceShape(RuntimeDescriptor runtime, int memoryMb, boolean network, @Nullable String dependencyKey) {

    /// Whether a stem of this shape is of use to more than one function.
    boolean common() {
        return !network && dependencyKey == null;
    }
}
