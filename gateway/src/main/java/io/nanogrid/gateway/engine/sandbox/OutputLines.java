package io.nanogrid.gateway.engine.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// Hands on the output of a hostile program line by line: control characters become `?`, long lines are broken, and there
/// is an end to it. Not for use by many threads.
final class OutputLines {

    private static final int LINE_LIMIT = 4096;
    private static final int TOTAL_LIMIT = 1 << 20;

    private final Consumer<String> log;
    private final StringBuilder line = new StringBuilder();
    private int total;

    OutputLines(Consumer<String> log) {
        this.log = log;
    }

    /// Reads to the end, also what isn't handed on any more: the program must not block on a full pipe.
    void readAll(InputStream in) throws IOException {
        Reader reader = new InputStreamReader(in, StandardCharsets.UTF_8);
        char[] buffer = new char[8192];
        for (int length = reader.read(buffer); length >= 0; length = reader.read(buffer)) {
            for (int i = 0; i < length; i++) {
                take(buffer[i]);
            }
        }
        flush();
    }

    private void take(char letter) {
        if (letter == '\n' || letter == '\r') {
            flush();
            return;
        }
        line.append(Character.isISOControl(letter) && letter != '\t' || Character.getType(letter) == Character.FORMAT
                ? '?'
                : letter);
        if (line.length() >= LINE_LIMIT) {
            flush();
        }
    }

    private void flush() {
        if (!line.isEmpty()) {
            if (total < TOTAL_LIMIT) {
                total += line.length();
                log.accept(total < TOTAL_LIMIT ? line.toString() : "(more output isn't kept)");
            }
            line.setLength(0);
        }
    }
}
