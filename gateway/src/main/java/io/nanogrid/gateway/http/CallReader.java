package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.invoke.HttpCall;
import io.nanogrid.gateway.wire.Bytes;
import jakarta.servlet.http.HttpServletRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Makes a function's view of a request.
final class CallReader {

    private CallReader() {
    }

    static HttpCall read(Context ctx, Map<String, String> pathParameters, String clientAddress) {
        HttpServletRequest request = ctx.req();
        String query = request.getQueryString();
        return new HttpCall(
                RequestId.of(ctx),
                request.getMethod(),
                decode(request.getRequestURI().replace("+", "%2B")),
                pathParameters,
                query == null ? "" : query,
                query == null ? Map.of() : query(query),
                headers(request),
                hasBody(request) ? Bytes.wrap(ctx.bodyAsBytes()) : Bytes.EMPTY,
                clientAddress,
                request.getHeader("traceparent"));
    }

    private static boolean hasBody(HttpServletRequest request) {
        return request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
    }

    private static Map<String, List<String>> headers(HttpServletRequest request) {
        HopHeaders hop = new HopHeaders(Collections.list(request.getHeaders("Connection")));
        Map<String, List<String>> headers = new LinkedHashMap<>();
        for (Enumeration<String> names = request.getHeaderNames(); names.hasMoreElements();) {
            String name = names.nextElement();
            String key = name.toLowerCase(Locale.ROOT);
            if (!hop.endHere(key)) {
                headers.put(key, Collections.list(request.getHeaders(name)));
            }
        }
        return headers;
    }

    /// What the query says, in its order; `+` is a space, as in a form.
    private static Map<String, List<String>> query(String raw) {
        Map<String, List<String>> query = new LinkedHashMap<>();
        for (String pair : raw.split("&")) {
            if (!pair.isEmpty()) {
                int equals = pair.indexOf('=');
                String name = decode(equals < 0 ? pair : pair.substring(0, equals));
                String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
                query.computeIfAbsent(name, _ -> new ArrayList<>(1)).add(value);
            }
        }
        return query;
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest("bad_query", "the query has a broken escape").thrown();
        }
    }
}
