package io.nanogrid.gateway.code;

import io.nanogrid.gateway.code.CodeBundle.BadCode;
import java.nio.charset.StandardCharsets;
import java.util.NavigableSet;

/// Which paths a function's files may have. Checked wherever files come in, and again where they are written.
public final class CodePaths {

    private static final int MAX_LENGTH = 512;
    /// Of file systems, in bytes.
    private static final int MAX_SEGMENT = 255;

    private CodePaths() {
    }

    /// @return the path as given
    /// @throws BadCode if it is absolute, leaves its directory, or has characters that no plain file name has
    public static String check(String path) throws BadCode {
        if (path.isEmpty() || path.length() > MAX_LENGTH) {
            throw new BadCode("a file's path must have 1 to " + MAX_LENGTH + " characters");
        }
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c < 0x20 || c == 0x7f || c == '\\' || Character.isSurrogate(c)) {
                throw new BadCode("the path '" + printable(path) + "' has a character that isn't allowed");
            }
        }
        for (String segment : path.split("/", -1)) {
            if (segment.isEmpty() || segment.equals(".") || segment.equals("..")
                    || segment.getBytes(StandardCharsets.UTF_8).length > MAX_SEGMENT) {
                throw new BadCode("the path '" + printable(path)
                        + "' isn't relative and plain: no leading or double '/', no '.' or '..', no name over 255 bytes");
            }
        }
        if (path.matches("[A-Za-z]:.*")) {
            throw new BadCode("the path '" + printable(path) + "' starts with a drive");
        }
        return path;
    }

    /// @throws BadCode if one path is a directory of another
    static void checkTree(NavigableSet<String> paths) throws BadCode {
        for (String path : paths) {
            String below = paths.ceiling(path + "/");
            if (below != null && below.startsWith(path + "/")) {
                throw new BadCode("'" + path + "' is a file and a directory at once");
            }
        }
    }

    private static String printable(String path) {
        String shortened = path.length() > 80 ? path.substring(0, 80) + "…" : path;
        return shortened.replaceAll("\\p{Cntrl}", "?");
    }
}
