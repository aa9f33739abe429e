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
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A [CodeStore] in a directory: one zip archive a bundle, under its hash.
public final class DirectoryCodeStore implements CodeStore {

    private static final Duration YOUNG = Duration.ofMinutes(10);
    private static final String SUFFIX = ".zip";
    /// The part of what may be there that is made free at once.
    private static final int SPARE = 10;
    private static final Logger LOG = LoggerFactory.getLogger(DirectoryCodeStore.class);

    private final Path directory;
    private final InstantSource clock;
    /// So that nothing is removed between being found there and being made young.
    private final ReentrantLock writing = new ReentrantLock();

    public DirectoryCodeStore(Path directory, InstantSource clock) throws IOException {
        this.directory = Files.createDirectories(directory);
        this.clock = clock;
    }

    @Override
    public void put(CodeBundle bundle) throws IOException {
        writing.lock();
        try {
            Path target = path(bundle.hash());
            if (isIntact(bundle.hash())) {
                // Young again, so that the next clean-up leaves it alone.
                Files.setLastModifiedTime(target, FileTime.from(clock.instant()));
            } else {
                write(target, CodeArchive.pack(bundle));
            }
        } finally {
            writing.unlock();
        }
    }

    private boolean isIntact(String hash) {
        try {
            get(hash);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void write(Path target, byte[] archive) throws IOException {
        Path partial = Files.createTempFile(directory, "partial-", SUFFIX);
        try {
            try (FileChannel file = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(archive);
                while (bytes.hasRemaining()) {
                    file.write(bytes);
                }
                file.force(true);
            }
            Files.setLastModifiedTime(partial, FileTime.from(clock.instant()));
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
            try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
                names.force(true);
            }
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    @Override
    public CodeBundle get(String hash) throws IOException {
        byte[] archive = Files.readAllBytes(path(hash));
        CodeBundle bundle;
        try {
            bundle = CodeArchive.unpack(archive);
        } catch (CodeBundle.BadCode e) {
            throw new DamagedCode(hash, e);
        }
        if (!bundle.hash().equals(hash)) {
            throw new DamagedCode(hash, null);
        }
        return bundle;
    }

    @Override
    public void remove(String hash, Instant since) throws IOException {
        writing.lock();
        try {
            Path file = path(hash);
            if (Files.exists(file) && !Files.getLastModifiedTime(file).toInstant().isAfter(since)) {
                Files.delete(file);
            }
        } finally {
            writing.unlock();
        }
    }

    @Override
    public void removeAllBut(Set<String> inUse) throws IOException {
        writing.lock();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                boolean young = Files.getLastModifiedTime(file).toInstant().isAfter(clock.instant().minus(YOUNG));
                if (!young && !inUse.contains(name.substring(0, Math.max(0, name.length() - SUFFIX.length())))) {
                    Files.deleteIfExists(file);
                }
            }
        } finally {
            writing.unlock();
        }
    }

    /// Has a bundle count as used now, where it is there.
    void touch(String hash) {
        try {
            Files.setLastModifiedTime(path(hash), FileTime.from(clock.instant()));
        } catch (IOException e) {
            LOG.debug("{} isn't there any more, or can't be written: {}", hash, e.getMessage());
        }
    }

    /// One file of the directory.
    private record Stored(Path file, long bytes, FileTime used) {
    }

    /// Where there is more than that, removes what hasn't been stored or touched for longest until there is well below it.
    ///
    /// @param bundles how many may be there, and `bytes` how large all of them may be
    void shrink(int bundles, long bytes) throws IOException {
        writing.lock();
        try (Stream<Path> files = Files.list(directory)) {
            List<Stored> all = new ArrayList<>();
            for (Path file : files.toList()) {
                all.add(new Stored(file, Files.size(file), Files.getLastModifiedTime(file)));
            }
            long held = all.stream().mapToLong(Stored::bytes).sum();
            int left = all.size();
            if (left <= bundles && held <= bytes) {
                return;
            }
            all.sort(Comparator.comparing(Stored::used));
            // The one that was stored last is what somebody wants.
            for (Stored oldest : all.subList(0, all.size() - 1)) {
                if (left <= bundles - bundles / SPARE && held <= bytes - bytes / SPARE) {
                    return;
                }
                Files.delete(oldest.file);
                held -= oldest.bytes;
                left--;
            }
        } finally {
            writing.unlock();
        }
    }

    private Path path(String hash) {
        if (!hash.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("not a hash: " + hash);
        }
        return directory.resolve(hash + SUFFIX);
    }
}
