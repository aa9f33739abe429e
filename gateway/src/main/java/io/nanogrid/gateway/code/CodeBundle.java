package io.nanogrid.gateway.code;

import io.nanogrid.spi.Content;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/// The files of a function: relative path, with `/`, to content. Immutable; every path has been checked by [CodePaths].
public final class CodeBundle {

    /// AWS Lambda takes 250 MB unpacked; an instance holds its code in memory, so ours is less.
    static final int MAX_BYTES = 64 << 20;
    static final int MAX_FILES = 4096;

    private final Map<String, Content> files;
    private final String hash;

    private CodeBundle(TreeMap<String, Content> files) {
        this.files = Collections.unmodifiableMap(files);
        this.hash = hash(files);
    }

    /// @throws BadCode if there is no file, or a path isn't plain, relative and free of `..`, or two paths can't both exist, or there
    /// are more than 4,096 files or 64 MiB
    public static CodeBundle of(Map<String, Content> files) throws BadCode {
        if (files.size() > MAX_FILES) {
            throw new BadCode("the code has more than " + MAX_FILES + " files");
        }
        if (files.values().stream().mapToLong(Content::size).sum() > MAX_BYTES) {
            throw new BadCode("the code has more than " + (MAX_BYTES >> 20) + " MiB");
        }
        TreeMap<String, Content> checked = new TreeMap<>();
        for (Map.Entry<String, Content> file : files.entrySet()) {
            checked.put(CodePaths.check(file.getKey()), file.getValue());
        }
        if (checked.isEmpty()) {
            throw new BadCode("there is no file in the code");
        }
        CodePaths.checkTree(checked.navigableKeySet());
        return new CodeBundle(checked);
    }

    public static CodeBundle ofText(String name, String source) throws BadCode {
        return of(Map.of(name, Content.of(source.getBytes(StandardCharsets.UTF_8))));
    }

    /// In the order of their paths.
    public Map<String, Content> files() {
        return files;
    }

    /// SHA-256 over paths and contents, in hexadecimal: the bundle's name in a [CodeStore].
    public String hash() {
        return hash;
    }

    public long size() {
        return files.values().stream().mapToLong(Content::size).sum();
    }

    private static String hash(Map<String, Content> files) {
        MessageDigest digest = sha256();
        files.forEach((path, content) -> {
            byte[] name = path.getBytes(StandardCharsets.UTF_8);
            digest.update((name.length + " " + content.size() + "\n").getBytes(StandardCharsets.UTF_8));
            digest.update(name);
            digest.update(content.toByteArray());
        });
        return HexFormat.of().formatHex(digest.digest());
    }

    /// A digest of the kind that names code and libraries.
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// The code can't be taken as it is. The message is for the user.
    public static final class BadCode extends IOException {

        private static final long serialVersionUID = 1L;

        public BadCode(String message) {
            super(message);
        }
    }
}
