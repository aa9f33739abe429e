package io.nanogrid.gateway.routes;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
        ByteBuffer bytes = ByteBuffer.allocate(raw.length() * 3);
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c != '%') {
                bytes.put(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
                continue;
            }
            int high = i + 2 <= raw.length() - 1 ? Character.digit(raw.charAt(i + 1), 16) : -1;
            int low = i + 2 <= raw.length() - 1 ? Character.digit(raw.charAt(i + 2), 16) : -1;
            if (high < 0 || low < 0) {
                throw new IllegalArgumentException("the path has a broken escape");
            }
            bytes.put((byte) (high << 4 | low));
            i += 2;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("the path isn't UTF-8", e);
        }
    }
}
