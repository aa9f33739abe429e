package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.javalin.router.Endpoint;
import io.nanogrid.gateway.metrics.Metrics;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/// `GET /metrics`; and counts the requests that Javalin serves. Those to `/api/` are counted by [ApiHandler].
final class MetricsPage {

    private final Metrics metrics;

    MetricsPage(Metrics metrics) {
        this.metrics = metrics;
    }

    void get(Context ctx) throws IOException {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        metrics.write(page);
        ctx.contentType(Metrics.CONTENT_TYPE).result(page.toByteArray());
    }

    /// Called when the answer has been written.
    void count(Context ctx, float millis) {
        Endpoint endpoint = ctx.endpoints().matchedHttpEndpoint();
        metrics.requests().management(ctx.req().getMethod(), endpoint == null ? null : endpoint.path,
                ctx.res().getStatus(), (long) (millis * 1_000_000));
        Problem problem = Problems.of(ctx);
        if (problem != null) {
            metrics.error(problem.component().wireName(), problem.reason());
        }
    }
}
