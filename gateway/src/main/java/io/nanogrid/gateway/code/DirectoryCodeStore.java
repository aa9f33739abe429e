package io.nanogrid.gateway.code;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// A [CodeStore] in a directory: one zip archive a bundle, under its hash.
public final class DirectoryCodeStore implements CodeStore {

    private static final Duration YOUNG = Duration.ofMinutes(10);
    private static final String SUFFIX = ".zip";

    private final Path directory;
    private final InstantSource clock;

    public DirectoryCodeStore(Path directory, InstantSource clock) throws IOException {
        this.directory = Files.createDirectories(directory);
        this.clock = clock;
    }

    @Override
    public void put(CodeBundle bundle) throws IOException {
        Path target = path(bundle.hash());
        if (Files.exists(target)) {
            // Young again, so that a clean-up that runs now leaves it alone.
            Files.setLastModifiedTime(target, FileTime.from(clock.instant()));
            return;
        }
        Path partial = Files.createTempFile(directory, "partial-", SUFFIX);
        try {
            try (FileChannel file = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(CodeArchive.pack(bundle));
                while (bytes.hasRemaining()) {
                    file.write(bytes);
                }
                file.force(true);
            }
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    @Override
    public CodeBundle get(String hash) throws IOException {
        CodeBundle bundle = CodeArchive.unpack(Files.readAllBytes(path(hash)));
        if (!bundle.hash().equals(hash)) {
            throw new IOException("the stored code " + hash + " is damaged: deploy the function again");
        }
        return bundle;
    }

    @Override
    public void removeAllBut(Set<String> inUse) throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.list(directory)) {
            all = files.toList();
        }
        for (Path file : all) {
            String name = file.getFileName().toString();
            boolean young = Files.getLastModifiedTime(file).toInstant().isAfter(clock.instant().minus(YOUNG));
            if (!young && !inUse.contains(name.substring(0, Math.max(0, name.length() - SUFFIX.length())))) {
                Files.deleteIfExists(file);
            }
        }
    }

    private Path path(String hash) {
        if (!hash.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("not a hash: " + hash);
        }
        return directory.resolve(hash + SUFFIX);
    }
}
