package io.nanogrid.gateway.routes;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// A path as a callback is registered under: plain segments, `{name}` segments that match any one segment, and, as the last one, `*`
/// that matches all the rest, of one segment at least.
public final class RoutePath {

    private static final int MAX_LENGTH = 512;
    private static final int MAX_SEGMENTS = 32;
    private static final Pattern PARAMETER = Pattern.compile("\\{[A-Za-z_][A-Za-z0-9_]{0,63}}");
    /// What RFC 3986 allows in a segment without escaping, and letters and digits of any script; but for `;`, which servers take for
    /// the start of parameters, and which no request may hold.
    private static final Pattern PLAIN = Pattern.compile("[\\p{L}\\p{N}\\-._~!$&'()+,=:@]+");
    /// The gateway answers there itself.
    private static final Set<String> RESERVED = Set.of("functions");
    static final String REST = "*";

    private final List<String> segments;

    private RoutePath(List<String> segments) {
        this.segments = List.copyOf(segments);
    }

    /// Reads a path; one leading and one trailing `/` are dropped.
    ///
    /// @throws IllegalArgumentException with a message for the user, if it can't be a callback's path
    public static RoutePath parse(String text) {
        String path = text.startsWith("/") ? text.substring(1) : text;
        if (path.endsWith("/")) {
            path = path.substring(0, path.length() - 1);
        }
        if (path.isEmpty()) {
            throw new IllegalArgumentException("the path is empty: give it at least one segment, such as 'hello'");
        }
        if (path.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("the path is longer than " + MAX_LENGTH + " characters");
        }
        String[] parts = path.split("/", -1);
        if (parts.length > MAX_SEGMENTS) {
            throw new IllegalArgumentException("the path has more than " + MAX_SEGMENTS + " segments");
        }
        List<String> segments = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < parts.length; i++) {
            segments.add(segment(parts[i], i == parts.length - 1, names));
        }
        if (RESERVED.contains(segments.getFirst())) {
            throw new IllegalArgumentException("paths below '" + segments.getFirst() + "/' are reserved");
        }
        return new RoutePath(segments);
    }

    private static String segment(String text, boolean last, Set<String> names) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("the path has an empty segment");
        }
        if (text.equals(".") || text.equals("..")) {
            throw new IllegalArgumentException("the path has a segment '" + text + "'");
        }
        if (text.equals(REST)) {
            if (!last) {
                throw new IllegalArgumentException("'*' may only be the last segment of the path");
            }
            return text;
        }
        if (text.startsWith("{")) {
            if (!PARAMETER.matcher(text).matches()) {
                throw new IllegalArgumentException("a segment in braces must be a name, such as {id}");
            }
            if (!names.add(text)) {
                throw new IllegalArgumentException("the path has " + text + " twice");
            }
            return text;
        }
        if (!PLAIN.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "the path has a character that isn't allowed; letters, digits and -._~!$&'()+,=:@ are");
        }
        return text;
    }

    /// Without a leading or trailing `/`.
    public String text() {
        return String.join("/", segments);
    }

    /// The same for two paths that match the same requests: parameters lose their names.
    public String key() {
        return String.join("/", segments.stream().map(segment -> isParameter(segment) ? "{}" : segment).toList());
    }

    List<String> segments() {
        return segments;
    }

    static boolean isParameter(String segment) {
        return segment.charAt(0) == '{';
    }
}
