package io.nanogrid.gateway.invoke;

import io.nanogrid.gateway.wire.Bytes;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A request as a function may see it.
///
/// @param path the whole path, unescaped, with its leading `/`
/// @param rawQuery as it was sent, or an empty text
/// @param headers by lower-case name, those of ours and the hop-by-hop ones left out
/// @param traceparent the caller's W3C trace context, if it sent one
public record HttpCall(
        String requestId,
        String method,
        String path,
        Map<String, String> pathParameters,
        String rawQuery,
        Map<String, List<String>> query,
        Map<String, List<String>> headers,
        Bytes body,
        String clientAddress,
        @Nullable String traceparent) {

    @Nullable
    String header(String name) {
        List<String> values = headers.get(name);
        return values == null ? null : String.join(", ", values);
    }
}
