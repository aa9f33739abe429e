package io.nanogrid.gateway.routes;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// The path of a request, cut into segments and unescaped one by one, so that nothing in a segment can be taken for structure.
final class RequestPath {

    private static final int MAX_SEGMENTS = 64;

    private RequestPath() {
    }

    /// @param raw the path as it was sent, without its leading `/`
    /// @throws IllegalArgumentException if no client has an honest reason to send it
    static List<String> segments(String raw) {
        String path = raw.endsWith("/") ? raw.substring(0, raw.length() - 1) : raw;
        List<String> segments = new ArrayList<>();
        for (int from = 0; from <= path.length();) {
            int slash = path.indexOf('/', from);
            int to = slash < 0 ? path.length() : slash;
            segments.add(segment(path.substring(from, to)));
            if (segments.size() > MAX_SEGMENTS) {
                throw new IllegalArgumentException("the path has more than " + MAX_SEGMENTS + " segments");
            }
            from = to + 1;
        }
        return segments;
    }

    private static String segment(String raw) {
        String text = raw.indexOf('%') < 0 ? raw : unescape(raw);
        if (text.isEmpty() || text.equals(".") || text.equals("..")) {
            throw new IllegalArgumentException("the path has an empty segment, '.' or '..'");
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x20 || c == 0x7f || c == '/' || c == '\\' || c == ';') {
                throw new IllegalArgumentException("the path has a character that isn't allowed");
            }
        }
        return text;
    }

    private static String unescape(String raw) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length());
        for (int at = raw.indexOf('%'), from = 0;; at = raw.indexOf('%', from)) {
            bytes.writeBytes(raw.substring(from, at < 0 ? raw.length() : at).getBytes(StandardCharsets.UTF_8));
            if (at < 0) {
                return utf8(bytes.toByteArray());
            }
            from = at + 3;
            if (from > raw.length() || !HexFormat.isHexDigit(raw.charAt(at + 1))
                    || !HexFormat.isHexDigit(raw.charAt(at + 2))) {
                throw new IllegalArgumentException("the path has a broken escape");
            }
            bytes.write(HexFormat.fromHexDigits(raw, at + 1, from));
        }
    }

    private static String utf8(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("the path isn't UTF-8", e);
        }
    }
}
