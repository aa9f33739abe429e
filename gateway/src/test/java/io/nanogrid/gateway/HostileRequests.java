package io.nanogrid.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;

/// Requests as attackers and broken clients send them, made by a seeded generator out of the API's own document: each operation with garbage
/// in its path, query, headers and body.
final class HostileRequests {

    /// Texts that have hurt servers: other types, other lengths, other encodings, other languages.
    private static final List<String> TEXTS = List.of("", "0", "-1", "1e400", "9999999999999999999999", "true", "null",
            "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..%5c", "%00", "%ff%fe", "%", "%zz", "a%0d%0aSet-Cookie:x=1",
            "{id}", "*",
            "'%20OR%201=1--", "${jndi:ldap://x}", "%F0%9F%92%A9", "x".repeat(3000), "%u0041", "+", "a;b=c", "[]",
            "NaN");
    private static final List<String> VALUES = List.of("null", "true", "-1", "0", "1.5", "1e400",
            "12345678901234567890",
            "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"../../etc/passwd\"", "[]", "{}", "[[[[[[]]]]]]",
            "{\"a\":{\"b\":1}}",
            "\"" + "y".repeat(100_000) + "\"", "[1,\"a\",null]", "\"\\r\\nX: y\"");
    private static final List<String> BODIES = List.of("", "{", "}", "[]", "null", "\"text\"", "{\"a\":1,\"a\":2}",
            "{\"a\":01}",
            "[".repeat(20_000), "{\"a\":".repeat(5_000), "\u0000\u0001\u0002", "\u00ff\u00fe{}", "{\"__proto__\":{}}",
            "<xml/>",
            "a=b&c=d", "{}{}", "{\"path\":\"x\"", "{\"\\u0000\":1}", "1".repeat(50_000));
    private static final List<String> TYPES = List.of("application/json", "application/json", "application/json",
            "text/plain", "application/json; charset=utf-16", "multipart/form-data", "multipart/form-data; boundary=",
            "multipart/form-data; boundary=x", "application/json; charset=bogus", "application/json; charset=",
            "multipart/form-data; charset=@@; boundary=x", "application/x-www-form-urlencoded", "application/zip",
            "garbage",
            "a/b; c=\"");
    private static final List<String> HEADERS = List.of("X-Request-Id: \t{{}}", "X-Request-Id: " + "z".repeat(500),
            "X-Forwarded-For: 1.2.3.4, ::1, x", "Origin: null", "Origin: http://evil.example", "Host: evil.example",
            "Accept: text/event-stream", "Accept: \u00ff", "Prefer: respond-async", "x-async: true", "x-async: maybe",
            "Idempotency-Key: ", "Idempotency-Key: " + "k".repeat(5000), "Idempotency-Key: \u00e9'\"",
            "traceparent: 00-zz",
            "Authorization: AWS4-HMAC-SHA256 Credential=x", "Authorization: Basic Og==", "x-api-key: wrong",
            "Content-Encoding: gzip", "Accept-Encoding: gzip", "Range: bytes=0-0,5-", "If-None-Match: *",
            "Cookie: " + "c=d;".repeat(500),
            "X-Amz-Invocation-Type: Nonsense", "X-Amz-Log-Type: Tail", "X-Amz-Client-Context: !!!", "Last-Event-ID: -1",
            "Upgrade: websocket", "X-HTTP-Method-Override: DELETE", "Expect: 100-continue", "Forwarded: for=_x");

    private final JsonNode document;
    private final Random random;
    private final String key;

    /// @param key an API key that most requests carry
    HostileRequests(JsonNode document, long seed, String key) {
        this.document = document;
        this.random = new Random(seed);
        this.key = key;
    }

    /// @param operation such as `GET /callbacks/{id}`
    /// @param bytes the whole request, to be answered and the connection closed
    record Request(String operation, byte[] bytes) {

        /// Its beginning, for messages.
        @Override
        public String toString() {
            String text = new String(bytes, 0, Math.min(bytes.length, 1500), StandardCharsets.ISO_8859_1);
            return operation + ":\n" + text;
        }
    }

    /// That many requests to each operation of the document.
    List<Request> all(int each) {
        List<Request> requests = new ArrayList<>();
        for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
            for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
                for (int i = 0; i < each && !operation.getKey().equals("parameters"); i++) {
                    requests.add(
                            request(path.getKey(), operation.getKey().toUpperCase(Locale.ROOT), operation.getValue()));
                }
            }
        }
        return requests;
    }

    private Request request(String path, String method, JsonNode operation) {
        String target = path.replaceAll("\\{[^}]+}", "\u0001");
        while (target.contains("\u0001")) {
            target = target.replaceFirst("\u0001", Matcher.quoteReplacement(one(TEXTS)));
        }
        StringBuilder head = new StringBuilder();
        head.append(rarely() ? one(List.of("BREW", "TRACE", "get", "PATCH")) : method).append(' ').append(target)
                .append(query(operation)).append(" HTTP/1.1\r\nConnection: close\r\n");
        if (!rarely()) {
            head.append("x-api-key: ").append(key).append("\r\n");
        }
        List<String> extra = random.ints(random.nextInt(4), 0, HEADERS.size()).mapToObj(HEADERS::get).toList();
        if (extra.stream().noneMatch(header -> header.startsWith("Host:"))) {
            head.append("Host: 127.0.0.1\r\n");
        }
        extra.forEach(header -> head.append(header).append("\r\n"));
        byte[] body = body(operation);
        if (body.length > 0 || !method.equals("GET")) {
            head.append("Content-Type: ").append(one(TYPES)).append("\r\nContent-Length: ").append(body.length)
                    .append("\r\n");
        }
        head.append("\r\n");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(head.toString().getBytes(StandardCharsets.ISO_8859_1));
        bytes.writeBytes(body);
        return new Request(method + " " + path, bytes.toByteArray());
    }

    /// Names that the document has, with values that it doesn't.
    private String query(JsonNode operation) {
        StringBuilder query = new StringBuilder();
        for (JsonNode parameter : operation.path("parameters")) {
            if (parameter.path("in").asText().equals("query") && random.nextBoolean()) {
                query.append(query.isEmpty() ? '?' : '&').append(parameter.path("name").asText()).append('=')
                        .append(one(TEXTS));
            }
        }
        if (rarely()) {
            query.append(query.isEmpty() ? '?' : '&').append(one(TEXTS));
        }
        return query.toString();
    }

    private byte[] body(JsonNode operation) {
        JsonNode content = operation.path("requestBody").path("content").path("application/json");
        if (content.isMissingNode()) {
            return rarely() ? one(BODIES).getBytes(StandardCharsets.ISO_8859_1) : new byte[0];
        }
        List<JsonNode> examples = new ArrayList<>(content.path("examples").findValues("value"));
        examples.add(content.path("example"));
        if (one(examples) instanceof ObjectNode example && random.nextInt(4) > 0) {
            return mutated(example.deepCopy()).getBytes(StandardCharsets.UTF_8);
        }
        return rarely() ? new byte[7 << 20] : one(BODIES).getBytes(StandardCharsets.ISO_8859_1);
    }

    /// A body that is right but for one or two fields. It never has libraries installed, which takes a registry.
    private String mutated(ObjectNode example) {
        example.remove("library");
        List<String> names = new ArrayList<>();
        example.fieldNames().forEachRemaining(names::add);
        names.add("library");
        names.add("surprise");
        for (int i = 0; i <= random.nextInt(2); i++) {
            String name = one(names);
            if (random.nextInt(3) == 0) {
                example.remove(name);
            } else {
                example.putRawValue(name, new RawValue(one(VALUES)));
            }
        }
        String text = example.toString();
        return rarely() ? text.substring(0, text.length() / 2) : text;
    }

    private boolean rarely() {
        return random.nextInt(10) == 0;
    }

    private <T> T one(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
