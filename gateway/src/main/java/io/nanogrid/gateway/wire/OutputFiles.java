package io.nanogrid.gateway.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/// Passes the files of one call on, and holds a hostile instance to the protocol's bounds. An instance of ours leaves out what is
/// beyond them, so whatever exceeds them is a violation.
///
/// Used by one thread.
public final class OutputFiles {

    /// Most files of a call.
    public static final int MAX_FILES = 100;
    /// Most bytes in all of them together.
    public static final int MAX_BYTES = 32 << 20;

    /// In code points.
    private static final int MAX_PATH = 200;
    /// Of file systems, in bytes.
    private static final int MAX_SEGMENT = 255;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final OutputSink sink;
    private final List<String> files = new ArrayList<>();
    private final TreeSet<String> paths = new TreeSet<>();
    private int room = MAX_BYTES;

    /// @param sink takes the contents
    public OutputFiles(OutputSink sink) {
        this.sink = sink;
    }

    /// The paths of the files that have come, in that order.
    public List<String> list() {
        return List.copyOf(files);
    }

    /// How many bytes the next file may have.
    int room() {
        return room;
    }

    /// Checks the next file.
    ///
    /// @param size at most [#room]
    /// @return what takes its content
    OutputSink begin(Bytes meta, int size) throws ProtocolViolation {
        if (files.size() == MAX_FILES) {
            throw new ProtocolViolation("more than " + MAX_FILES + " files");
        }
        String path = path(meta);
        if (!isPlain(path)) {
            throw new ProtocolViolation("a file whose path isn't relative and plain");
        }
        if (overlaps(path)) {
            throw new ProtocolViolation("two files of one path, or one below the other");
        }
        paths.add(path);
        files.add(path);
        room -= size;
        sink.begin(path, size);
        return sink;
    }

    private static String path(Bytes meta) throws ProtocolViolation {
        try {
            JsonNode path = JSON.readTree(meta.array()).path("path");
            if (path.isTextual()) {
                return path.textValue();
            }
        } catch (IOException e) {
            throw new ProtocolViolation("a file whose meta is no JSON object");
        }
        throw new ProtocolViolation("a file without a path");
    }

    private static boolean isPlain(String path) {
        if (path.codePointCount(0, path.length()) > MAX_PATH || path.indexOf('\\') >= 0
                || path.chars().anyMatch(Character::isISOControl)
                || !StandardCharsets.UTF_8.newEncoder().canEncode(path)) {
            return false;
        }
        for (String segment : path.split("/", -1)) {
            if (segment.isEmpty() || segment.equals(".") || segment.equals("..")
                    || segment.getBytes(StandardCharsets.UTF_8).length > MAX_SEGMENT) {
                return false;
            }
        }
        return true;
    }

    /// Whether it is there already, as a file or as a directory, or lies below a file.
    private boolean overlaps(String path) {
        String below = paths.ceiling(path + "/");
        if (paths.contains(path) || below != null && below.startsWith(path + "/")) {
            return true;
        }
        for (int slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
            if (paths.contains(path.substring(0, slash))) {
                return true;
            }
        }
        return false;
    }
}
