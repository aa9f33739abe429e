package io.nanogrid.db;

import org.jspecify.annotations.Nullable;

/// A call that is to be made later.
///
/// @param id unique for ever
/// @param version null for what is current when the job runs
/// @param input JSON
/// @param event whether nobody asks for the result, as with Lambda's invocation type `Event`
/// @param traceparent W3C trace context of the request, or null where it had none
/// @param retryOf the job that this one repeats, or null
public record JobDraft(String id, String functionId, @Nullable Integer version, String requestId, byte[] input,
        boolean event, @Nullable String traceparent, @Nullable String retryOf) {
}
