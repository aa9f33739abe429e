package io.nanogrid.gateway.invoke;

import io.nanogrid.gateway.wire.Bytes;
import org.jspecify.annotations.Nullable;

/// One call of a function by its id or name.
///
/// @param event the event, as JSON
/// @param files whether the caller takes files that the function writes to `$OUTPUT_DIR`
/// @param traceparent the caller's W3C trace context, if it sent one
/// @param clientContext what an AWS client says of itself for the function's context, a JSON object, if it says anything
public record RunRequest(String requestId, Bytes event, boolean files, @Nullable String traceparent,
        @Nullable Bytes clientContext) {
}
