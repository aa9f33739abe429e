package io.nanogrid.gateway.invoke;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import io.nanogrid.gateway.dispatch.Route;
import io.nanogrid.gateway.wire.Bytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Makes the event that a handler gets out of a request.
final class Events {

    /// A request has a thread of its own, so buffers that are kept by the thread would be made anew for each.
    static final JsonFactory JSON = JsonFactory.builder().recyclerPool(JsonRecyclerPools.sharedBoundedPool()).build();
    private static final Set<String> WITHOUT_BODY = Set.of("GET", "HEAD", "DELETE");

    private Events() {
    }

    /// The query's parameters, or the JSON body, with the path's parameters on top. A body isn't parsed here: the one that isn't JSON
    /// after all comes back, and is wrapped by [#wrapped].
    static Bytes simple(HttpCall call) {
        if (WITHOUT_BODY.contains(call.method())) {
            return object(json -> {
                query(json, call.query(), call.pathParameters().keySet());
                parameters(json, call.pathParameters());
            });
        }
        if (call.body().isEmpty()) {
            return object(json -> parameters(json, call.pathParameters()));
        }
        Bytes merged = call.pathParameters().isEmpty() ? call.body() : spliced(call.body(), call.pathParameters());
        return looksLikeJson(call.body()) ? merged : wrapped(call);
    }

    /// The event for a body that isn't JSON.
    static Bytes wrapped(HttpCall call) {
        return object(json -> {
            body(json, call.body());
            parameters(json, call.pathParameters());
        });
    }

    /// Puts members at the end of an object's text, where they win over members of the same name: who calls can't override what the
    /// route says. A text that is no object stays as it is.
    private static Bytes spliced(Bytes body, Map<String, String> parameters) {
        byte[] text = body.array();
        int open = nextVisible(text, 0);
        int close = text.length - 1;
        while (close > open && isSpace(text[close])) {
            close--;
        }
        if (text[open] != '{' || close <= open || text[close] != '}') {
            return body;
        }
        byte[] members = object(json -> parameters(json, parameters)).array();
        boolean wasEmpty = nextVisible(text, open + 1) == close;
        ByteArrayOutputStream out = new ByteArrayOutputStream(close + members.length + 1);
        out.write(text, 0, close);
        if (!wasEmpty) {
            out.write(',');
        }
        out.write(members, 1, members.length - 1);
        return Bytes.wrap(out.toByteArray());
    }

    private static boolean looksLikeJson(Bytes body) {
        byte[] text = body.array();
        byte first = text[nextVisible(text, 0)];
        return first == '{' || first == '[' || first == '"' || first == '-' || (first >= '0' && first <= '9')
                || first == 't'
                || first == 'f' || first == 'n';
    }

    private static int nextVisible(byte[] text, int from) {
        int at = from;
        while (at < text.length - 1 && isSpace(text[at])) {
            at++;
        }
        return at;
    }

    private static boolean isSpace(byte b) {
        return b == ' ' || b == '\n' || b == '\r' || b == '\t';
    }

    /// Version 2.0 of the payload that AWS's HTTP APIs send to a Lambda function.
    static Bytes version2(HttpCall call, Route route, long timeMillis) {
        return object(json -> {
            json.writeStringField("version", "2.0");
            json.writeStringField("routeKey", call.method() + " /api/" + route.template());
            json.writeStringField("rawPath", call.path());
            json.writeStringField("rawQueryString", call.rawQuery());
            cookies(json, call.headers().get("cookie"));
            joined(json, "headers", call.headers(), "cookie");
            if (!call.query().isEmpty()) {
                joined(json, "queryStringParameters", call.query(), "");
            }
            if (!call.pathParameters().isEmpty()) {
                json.writeObjectFieldStart("pathParameters");
                parameters(json, call.pathParameters());
                json.writeEndObject();
            }
            requestContext(json, call, route, timeMillis);
            if (call.body().isEmpty()) {
                json.writeBooleanField("isBase64Encoded", false);
            } else {
                body(json, call.body());
            }
        });
    }

    private static void requestContext(JsonGenerator json, HttpCall call, Route route, long timeMillis)
            throws IOException {
        json.writeObjectFieldStart("requestContext");
        json.writeStringField("accountId", "anonymous");
        json.writeStringField("apiId", "nanogrid");
        String host = call.header("host");
        json.writeStringField("domainName", host == null ? "localhost" : host);
        json.writeStringField("domainPrefix", "nanogrid");
        json.writeObjectFieldStart("http");
        json.writeStringField("method", call.method());
        json.writeStringField("path", call.path());
        json.writeStringField("protocol", "HTTP/1.1");
        json.writeStringField("sourceIp", call.clientAddress());
        String agent = call.header("user-agent");
        json.writeStringField("userAgent", agent == null ? "" : agent);
        json.writeEndObject();
        json.writeStringField("requestId", call.requestId());
        json.writeStringField("routeKey", call.method() + " /api/" + route.template());
        json.writeStringField("stage", "$default");
        json.writeStringField("time", Meta.awsTime(timeMillis));
        json.writeNumberField("timeEpoch", timeMillis);
        json.writeEndObject();
    }

    private static void cookies(JsonGenerator json, @Nullable List<String> headers) throws IOException {
        if (headers == null) {
            return;
        }
        json.writeArrayFieldStart("cookies");
        for (String header : headers) {
            for (String cookie : header.split(";")) {
                if (!cookie.isBlank()) {
                    json.writeString(cookie.strip());
                }
            }
        }
        json.writeEndArray();
    }

    static void joined(JsonGenerator json, String field, Map<String, List<String>> values, String except)
            throws IOException {
        json.writeObjectFieldStart(field);
        for (Map.Entry<String, List<String>> entry : values.entrySet()) {
            if (!entry.getKey().equals(except)) {
                json.writeStringField(entry.getKey(), String.join(",", entry.getValue()));
            }
        }
        json.writeEndObject();
    }

    static void query(JsonGenerator json, Map<String, List<String>> query, Set<String> except) throws IOException {
        for (Map.Entry<String, List<String>> entry : query.entrySet()) {
            if (except.contains(entry.getKey())) {
                continue;
            }
            if (entry.getValue().size() == 1) {
                json.writeStringField(entry.getKey(), entry.getValue().getFirst());
            } else {
                json.writeArrayFieldStart(entry.getKey());
                for (String value : entry.getValue()) {
                    json.writeString(value);
                }
                json.writeEndArray();
            }
        }
    }

    static void parameters(JsonGenerator json, Map<String, String> parameters) throws IOException {
        for (Map.Entry<String, String> parameter : parameters.entrySet()) {
            json.writeStringField(parameter.getKey(), parameter.getValue());
        }
    }

    private static void body(JsonGenerator json, Bytes body) throws IOException {
        String text = asText(body);
        json.writeStringField("body", text == null ? Base64.getEncoder().encodeToString(body.array()) : text);
        json.writeBooleanField("isBase64Encoded", text == null);
    }

    private static @Nullable String asText(Bytes body) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body.array())).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    static Bytes object(Members members) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(512);
        try (JsonGenerator json = JSON.createGenerator(out)) {
            json.writeStartObject();
            members.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Bytes.wrap(out.toByteArray());
    }

    @FunctionalInterface
    interface Members {
        void write(JsonGenerator json) throws IOException;
    }
}
