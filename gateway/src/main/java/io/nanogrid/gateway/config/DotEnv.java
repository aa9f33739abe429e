package io.nanogrid.gateway.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/// Reads a `.env` file: a `NAME=value` a line, `#` for comments, quotes around a value allowed.
public final class DotEnv {

    private DotEnv() {
    }

    /// @param environment wins over the file
    /// @return both together
    public static Map<String, String> under(Map<String, String> environment, Path file) throws IOException {
        Map<String, String> all = new HashMap<>();
        if (Files.isRegularFile(file)) {
            for (String line : Files.readAllLines(file)) {
                String text = line.strip();
                int equals = text.indexOf('=');
                if (equals > 0 && !text.startsWith("#")) {
                    String name = text.substring(0, equals).strip();
                    all.put(name.startsWith("export ") ? name.substring(7).strip() : name,
                            unquoted(text.substring(equals + 1).strip()));
                }
            }
        }
        all.putAll(environment);
        return all;
    }

    private static String unquoted(String value) {
        boolean quoted = value.length() >= 2
                && (value.startsWith("\"") && value.endsWith("\"") || value.startsWith("'") && value.endsWith("'"));
        return quoted ? value.substring(1, value.length() - 1) : value;
    }
}
