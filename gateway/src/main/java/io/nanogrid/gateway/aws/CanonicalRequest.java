package io.nanogrid.gateway.aws;

import io.nanogrid.gateway.auth.SignatureVerifier.SignedRequest;
import io.nanogrid.gateway.code.CodeBundle;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// A request in the one form that both sides sign, and the signing (AWS Signature Version 4).
final class CanonicalRequest {

    private static final String UNRESERVED = "-._~";

    private CanonicalRequest() {
    }

    static String of(SignedRequest request, List<String> signedHeaders, String payloadHash) {
        List<String> names = signedHeaders.stream().sorted().toList();
        String headers = names.stream()
                .map(name -> name + ":" + value(request.headers().getOrDefault(name, List.of())) + "\n")
                .collect(Collectors.joining());
        return String.join("\n", request.method(), path(request.path()), query(request.query()), headers,
                String.join(";", names), payloadHash);
    }

    /// Each segment is escaped once more than it was sent.
    private static String path(String path) {
        return Arrays.stream(path.split("/", -1)).map(segment -> escape(segment.getBytes(StandardCharsets.UTF_8)))
                .collect(Collectors.joining("/"));
    }

    private static String query(String query) {
        List<String[]> pairs = new ArrayList<>();
        for (String part : query.split("&", -1)) {
            if (!part.isEmpty()) {
                String[] pair = part.split("=", 2);
                pairs.add(new String[]{escape(unescape(pair[0])), pair.length == 2 ? escape(unescape(pair[1])) : ""});
            }
        }
        return pairs.stream()
                .sorted(Comparator.<String[], String>comparing(pair -> pair[0]).thenComparing(pair -> pair[1]))
                .map(pair -> pair[0] + "=" + pair[1]).collect(Collectors.joining("&"));
    }

    private static String value(List<String> values) {
        return values.stream().map(value -> value.strip().replaceAll("\\s+", " ")).collect(Collectors.joining(","));
    }

    private static String escape(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            char c = (char) (b & 0xff);
            if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || UNRESERVED.indexOf(c) >= 0) {
                text.append(c);
            } else {
                text.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return text.toString();
    }

    /// What is no escape stays as it is, and so does `+`.
    private static byte[] unescape(String text) {
        byte[] escaped = text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(escaped.length);
        for (int i = 0; i < escaped.length; i++) {
            boolean escape = escaped[i] == '%' && i + 2 < escaped.length && HexFormat.isHexDigit(escaped[i + 1])
                    && HexFormat.isHexDigit(escaped[i + 2]);
            bytes.write(escape
                    ? HexFormat.fromHexDigit(escaped[i + 1]) << 4 | HexFormat.fromHexDigit(escaped[i + 2])
                    : escaped[i]);
            i += escape ? 2 : 0;
        }
        return bytes.toByteArray();
    }

    static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(CodeBundle.sha256().digest(bytes));
    }

    /// @param scope day, region, service and `aws4_request`, each of which goes into the key
    static String sign(String secret, String scope, String text) {
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/")) {
            key = hmac(key, part);
        }
        return HexFormat.of().formatHex(hmac(key, text));
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HMAC-SHA256 is part of every JDK", e);
        }
    }
}
