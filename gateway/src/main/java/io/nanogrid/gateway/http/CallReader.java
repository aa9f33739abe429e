package io.nanogrid.gateway.http;

import io.nanogrid.gateway.invoke.HttpCall;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;

/// Makes a function's view of a request.
final class CallReader {

    private CallReader() {
    }

    static HttpCall read(ApiExchange exchange, Map<String, String> pathParameters, String clientAddress,
            int maxBodyBytes) {
        String query = exchange.query();
        return new HttpCall(
                exchange.requestId(),
                exchange.method(),
                decode(exchange.path().replace("+", "%2B")),
                pathParameters,
                query == null ? "" : query,
                query == null ? Map.of() : query(query),
                headers(exchange.headers()),
                exchange.body(maxBodyBytes),
                clientAddress,
                exchange.header("traceparent"));
    }

    private static Map<String, List<String>> headers(HttpFields fields) {
        HopHeaders hop = new HopHeaders(fields.getValuesList(HttpHeader.CONNECTION));
        Map<String, List<String>> headers = new LinkedHashMap<>();
        for (HttpField field : fields) {
            String name = field.getLowerCaseName();
            if (!hop.endHere(name)) {
                headers.computeIfAbsent(name, _ -> new ArrayList<>(1))
                        .add(field.getValue() == null ? "" : field.getValue());
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
            throw Problem.badRequest("bad_query", "the path or the query has a broken escape").thrown();
        }
    }
}
