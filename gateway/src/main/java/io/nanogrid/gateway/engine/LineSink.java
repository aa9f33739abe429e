package io.nanogrid.gateway.engine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/// Cuts output of a hostile program into lines that are safe to print: no control characters, bounded in length and number.
/// For one thread at a time.
public final class LineSink {

    private static final int MAX_LINE = 4096;
    private static final int MAX_TOTAL = 1 << 20;

    private final Consumer<String> log;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private int total;

    public LineSink(Consumer<String> log) {
        this.log = log;
    }

    public void accept(byte[] bytes) {
        for (byte b : bytes) {
            if (b == '\n' || b == '\r') {
                flush();
            } else {
                line.write(b);
                if (line.size() >= MAX_LINE) {
                    flush();
                }
            }
        }
    }

    public void accept(String text) {
        accept(text.getBytes(StandardCharsets.UTF_8));
    }

    /// Reads to the end, also what isn't handed on any more: the program must not block on a full pipe.
    public void readAll(InputStream in) throws IOException {
        byte[] buffer = new byte[8192];
        for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
            accept(Arrays.copyOf(buffer, length));
        }
        flush();
    }

    /// Hands over what hasn't ended with a line break yet.
    public void flush() {
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
