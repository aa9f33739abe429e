package io.nanogrid.gateway;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// A library of Python that comes with the function that needs it, as tests need no network: it knows one word, which the function returns.
final class Greeting {

    static final String REQUIREMENTS = "--no-index\n--find-links wheels\ngreeting==1.0\n";

    private Greeting() {
    }

    /// Other text than that of any run before, so that nothing of it is cached anywhere.
    static String fresh(String word) {
        return word + "-" + UUID.randomUUID();
    }

    /// @return the function's code with the library, as the field `archive` takes it
    static String archive(String word) throws IOException {
        return Base64.getEncoder().encodeToString(zip(Map.of(
                "lambda_function.py", text("import greeting\ndef handler(e, c): return greeting.WORD"),
                "wheels/greeting-1.0-py3-none-any.whl", wheel(word))));
    }

    private static byte[] wheel(String word) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("greeting.py", text("WORD = '" + word + "'\n"));
        files.put("greeting-1.0.dist-info/METADATA", text("Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n"));
        files.put("greeting-1.0.dist-info/WHEEL",
                text("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"));
        files.put("greeting-1.0.dist-info/RECORD", text("greeting.py,,\ngreeting-1.0.dist-info/METADATA,,\n"
                + "greeting-1.0.dist-info/WHEEL,,\ngreeting-1.0.dist-info/RECORD,,\n"));
        return zip(files);
    }

    static byte[] zip(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                ZipEntry entry = new ZipEntry(file.getKey());
                entry.setTime(0);
                zip.putNextEntry(entry);
                zip.write(file.getValue());
            }
        }
        return bytes.toByteArray();
    }

    static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
