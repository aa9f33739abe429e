package io.nanogrid.gateway.dispatch;

import io.nanogrid.db.Access;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.gateway.pool.FunctionVersion;

/// Where a request under `/api/` leads.
public record Route(long callbackId, String template, FunctionVersion version, PayloadFormat payload, Access auth) {
}
