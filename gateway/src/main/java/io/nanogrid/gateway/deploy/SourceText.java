package io.nanogrid.gateway.deploy;

import io.nanogrid.gateway.code.CodeBundle.BadCode;
import io.nanogrid.spi.Content;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a file is by its content, whatever its name says.
final class SourceText {

    private static final byte[] EMPTY_ZIP = {'P', 'K', 5, 6};
    private static final byte[] ZIP = {'P', 'K', 3, 4};
    private static final Map<String, byte[]> PROGRAMS = Map.of("an ELF program", new byte[]{0x7f, 'E', 'L', 'F'},
            "a Windows program", new byte[]{'M', 'Z', (byte) 0x90}, "compressed by gzip", new byte[]{0x1f, (byte) 0x8b},
            "a PDF", new byte[]{'%', 'P', 'D', 'F', '-'}, "an image", new byte[]{(byte) 0x89, 'P', 'N', 'G'});

    private SourceText() {
    }

    static boolean isZip(byte[] content) {
        return startsWith(content, ZIP) || startsWith(content, EMPTY_ZIP);
    }

    private static boolean startsWith(byte[] content, byte[] start) {
        return content.length >= start.length
                && Arrays.equals(content, 0, start.length, start, 0, start.length);
    }

    /// The source that a file holds.
    ///
    /// @throws BadCode if it holds something else
    static String of(String name, Content content) throws BadCode {
        byte[] bytes = content.toByteArray();
        String shown = "'" + RuntimeTypes.printable(name) + "'";
        if (isZip(bytes)) {
            throw new BadCode(shown + " is a zip archive by its content: name it .zip, or send the source itself");
        }
        for (Map.Entry<String, byte[]> program : PROGRAMS.entrySet()) {
            if (startsWith(bytes, program.getValue())) {
                throw new BadCode(shown + " is " + program.getKey() + " by its content, and must be source as text");
            }
        }
        Optional<String> text = CodeReader.text(content);
        if (text.isEmpty() || text.get().indexOf('\0') >= 0) {
            throw new BadCode(shown + " must be source as text in UTF-8 without NUL characters");
        }
        if (text.get().isBlank()) {
            throw new BadCode(shown + " is empty");
        }
        return text.get();
    }

    /// Whether one of the names occurs in the source as a word of its own.
    static boolean mentions(String source, List<String> names) {
        return names.stream()
                .anyMatch(name -> Pattern.compile("(?<![\\w$])" + Pattern.quote(name) + "(?![\\w$])").matcher(source)
                        .find());
    }

    /// With its dot; empty where there is none.
    static String extension(String name) {
        int dot = name.lastIndexOf('.');
        return dot <= 0 ? "" : name.substring(dot);
    }
}
