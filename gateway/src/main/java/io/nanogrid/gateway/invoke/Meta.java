package io.nanogrid.gateway.invoke;

import com.fasterxml.jackson.core.JsonGenerator;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Makes the protocol's `meta` of a call: what a function's context is made of.
final class Meta {

    private static final DateTimeFormatter AWS_TIME = DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private Meta() {
    }

    static Bytes of(HttpCall call, long deadlineMillis) {
        return Events.object(json -> {
            common(json, call.requestId(), deadlineMillis, call.traceparent());
            json.writeObjectFieldStart("http");
            json.writeStringField("method", call.method());
            json.writeStringField("path", call.path());
            json.writeObjectFieldStart("headers");
            for (Map.Entry<String, List<String>> header : call.headers().entrySet()) {
                json.writeStringField(header.getKey(), String.join(", ", header.getValue()));
            }
            json.writeEndObject();
            json.writeObjectFieldStart("query");
            Events.query(json, call.query(), Set.of());
            json.writeEndObject();
            json.writeObjectFieldStart("pathParameters");
            Events.parameters(json, call.pathParameters());
            json.writeEndObject();
            json.writeStringField("clientAddress", call.clientAddress());
            json.writeEndObject();
        });
    }

    static Bytes of(RunRequest request, long deadlineMillis) {
        Bytes clientContext = request.clientContext();
        return Events.object(json -> {
            common(json, request.requestId(), deadlineMillis, request.traceparent());
            if (clientContext != null) {
                json.writeFieldName("clientContext");
                json.writeRawValue(clientContext.text());
            }
        });
    }

    private static void common(JsonGenerator json, String requestId, long deadlineMillis, @Nullable String traceparent)
            throws IOException {
        json.writeStringField("requestId", requestId);
        json.writeNumberField("deadlineMs", deadlineMillis);
        if (traceparent != null) {
            json.writeStringField("traceparent", traceparent);
        }
    }

    static String awsTime(long millis) {
        return AWS_TIME.format(Instant.ofEpochMilli(millis));
    }
}
