package io.nanogrid.gateway.dispatch;

import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.wire.OutputSink;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One call of a function.
///
/// @param asValue whether the result is wanted as one JSON value, and never as an HTTP response
/// @param files takes the files that it leaves in its output directory, while they come; null if they aren't wanted
/// @param event the event, as JSON or as what its sender says is JSON
/// @param wrappedEvent the event to send instead when `event` turns out not to be JSON
/// @param meta makes the protocol's `meta`, given the deadline in milliseconds since 1970
public record Call(
        String requestId,
        FunctionVersion version,
        boolean asValue,
        @Nullable OutputSink files,
        Bytes event,
        Supplier<Bytes> wrappedEvent,
        LongFunction<Bytes> meta) {
}
