package io.nanogrid.gateway.dispatch;

import io.nanogrid.db.Access;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.gateway.pool.FunctionVersion;
import org.jspecify.annotations.Nullable;

/// Where a request under `/api/` leads.
///
/// @param rateLimit calls a minute from one client, or null for no limit
public record Route(long callbackId, String template, FunctionVersion version, PayloadFormat payload, Access auth,
        @Nullable Integer rateLimit) {
}
