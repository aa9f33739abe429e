package io.nanogrid.gateway.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// An HTTP response as a function described it, checked: a function may send anything.
record FunctionResponse(int status, List<Header> headers, boolean typed, byte[] body) {

    /// A request has a thread of its own, so buffers that are kept by the thread would be made anew for each.
    private static final JsonFactory TOKENS = JsonFactory.builder().recyclerPool(JsonRecyclerPools.sharedBoundedPool())
            .build();
    private static final ObjectMapper JSON = new ObjectMapper(TOKENS);
    private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}");
    /// Of all names and values together, in bytes. The server takes a little more, for what the gateway itself says.
    private static final int MAX_HEADERS = 24 << 10;
    /// What only the server may say.
    private static final Set<String> OF_THE_SERVER = Set.of("content-length", "date", "server");

    /// Everything that a page may do, but for being of the gateway's origin.
    private static final String OWN_ORIGIN = "sandbox allow-scripts allow-forms allow-modals allow-popups allow-downloads";

    record Header(String name, String value) {

        /// On the wire, with what separates it from others.
        int size() {
            return name.length() + value.length() + 4;
        }

        boolean isCalled(String other) {
            return name.equalsIgnoreCase(other);
        }
    }

    /// The function's answer can't be sent. The message is for the function's owner.
    static final class Unusable extends Exception {
        private static final long serialVersionUID = 1L;

        Unusable(String message) {
            super(message, null, false, false);
        }
    }

    static FunctionResponse read(Outcome.Response response) throws Unusable {
        JsonNode head;
        try {
            head = JSON.readTree(response.head().array());
        } catch (IOException e) {
            throw new Unusable("the response's head isn't JSON");
        }
        JsonNode status = head.path("statusCode");
        if (!status.isIntegralNumber() || status.asInt() < 200 || status.asInt() > 599) {
            throw new Unusable("statusCode must be a whole number from 200 to 599");
        }
        List<Header> headers = new ArrayList<>();
        for (Map.Entry<String, JsonNode> header : head.path("headers").properties()) {
            add(headers, header.getKey(), header.getValue());
        }
        for (Map.Entry<String, JsonNode> header : head.path("multiValueHeaders").properties()) {
            String name = header.getKey();
            headers.removeIf(single -> single.isCalled(name));
            for (JsonNode value : header.getValue()) {
                add(headers, name, value);
            }
        }
        for (JsonNode cookie : head.path("cookies")) {
            add(headers, "Set-Cookie", cookie);
        }
        HopHeaders hop = new HopHeaders(headers.stream().filter(header -> header.isCalled("Connection"))
                .map(Header::value).toList());
        headers.removeIf(header -> hop.endHere(header.name().toLowerCase(Locale.ROOT)));
        if (headers.stream().mapToInt(Header::size).sum() > MAX_HEADERS) {
            throw new Unusable("the headers are longer than " + MAX_HEADERS + " bytes");
        }
        boolean typed = headers.stream().anyMatch(header -> header.isCalled("Content-Type"));
        if (response.jsonBody() && !typed) {
            headers.add(new Header("Content-Type", "application/json"));
            typed = true;
        }
        return new FunctionResponse(status.asInt(), headers, typed,
                body(response.body(), head.path("isBase64Encoded").asBoolean()));
    }

    private static void add(List<Header> headers, String name, JsonNode value) throws Unusable {
        if (!TOKEN.matcher(name).matches()) {
            throw new Unusable("a header's name isn't one");
        }
        if (value.isContainerNode()) {
            throw new Unusable("the header " + name + " must be a text");
        }
        String text = value.isNull() ? "" : value.asText();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\t' && (c < 0x20 || c == 0x7f || c > 0xff)) {
                throw new Unusable("the header " + name + " has a character that isn't allowed");
            }
        }
        if (!OF_THE_SERVER.contains(name.toLowerCase(Locale.ROOT))) {
            headers.add(new Header(name, text));
        }
    }

    private static byte[] body(Bytes body, boolean base64) throws Unusable {
        try {
            return base64 ? Base64.getDecoder().decode(body.array()) : body.array();
        } catch (IllegalArgumentException e) {
            throw new Unusable("isBase64Encoded is true, and the body isn't base64");
        }
    }

    /// The same without what it says about other origins: where the gateway answers for that, two answers would contradict each other.
    FunctionResponse withoutCors() {
        return new FunctionResponse(status, headers.stream().filter(header -> !header.name().toLowerCase(Locale.ROOT)
                .startsWith("access-control-")).toList(), typed, body);
    }

    /// @param confinePages whether a page gets an origin of its own. Without API keys the gateway trusts its own origin to manage callbacks; a
    ///        page that hostile code has made must then not have that origin
    void write(ApiExchange exchange, boolean confinePages) {
        for (Header header : headers) {
            if (header.isCalled("Content-Type")) {
                exchange.type(header.value());
            } else {
                exchange.add(header.name(), header.value());
            }
        }
        if (status == 204 || status == 304) {
            exchange.send(status, new byte[0]);
            return;
        }
        if (!typed) {
            exchange.type(isJson(body) ? "application/json" : "text/plain; charset=utf-8");
        }
        if (confinePages) {
            // Whatever its type: browsers take some types for pages that don't say so.
            exchange.add("Content-Security-Policy", OWN_ORIGIN);
            exchange.set("X-Content-Type-Options", "nosniff");
        }
        exchange.send(status, body);
    }

    private static boolean isJson(byte[] text) {
        if (text.length == 0) {
            return false;
        }
        try (JsonParser json = TOKENS.createParser(text)) {
            int depth = 0;
            int values = 0;
            for (var token = json.nextToken(); token != null; token = json.nextToken()) {
                values += depth == 0 ? 1 : 0;
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            }
            return values == 1;
        } catch (IOException e) {
            return false;
        }
    }
}
