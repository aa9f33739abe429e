package io.nanogrid.gateway.engine.docker;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// Cuts output of a hostile program into lines that are safe to print: no control characters, bounded in length and number.
/// For one thread at a time.
final class LineSink {

    private static final int MAX_LINE = 4096;
    private static final int MAX_TOTAL = 1 << 20;

    private final Consumer<String> log;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private int total;

    LineSink(Consumer<String> log) {
        this.log = log;
    }

    void accept(byte[] bytes) {
        for (byte b : bytes) {
            if (b == '\n' || b == '\r') {
                flush();
            } else if (line.size() < MAX_LINE) {
                line.write(b);
            }
        }
    }

    void accept(String text) {
        accept(text.getBytes(StandardCharsets.UTF_8));
    }

    /// Hands over what hasn't ended with a line break yet.
    void flush() {
        String text = neutral(line.toString(StandardCharsets.UTF_8)).stripTrailing();
        line.reset();
        if (text.isEmpty() || total > MAX_TOTAL) {
            return;
        }
        total += text.length();
        log.accept(total > MAX_TOTAL ? "… the rest of the output is left out" : text);
    }

    private static String neutral(String text) {
        var plain = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            switch (Character.getType(c)) {
                case Character.CONTROL -> plain.append(c == '\t' ? ' ' : '\uFFFD');
                case Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
                    plain.append('\uFFFD');
                default -> plain.appendCodePoint(c);
            }
        });
        return plain.toString();
    }
}
