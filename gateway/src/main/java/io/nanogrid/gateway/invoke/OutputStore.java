package io.nanogrid.gateway.invoke;

import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.wire.OutputFile;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the files that functions wrote, for a time. Safe for use by many threads.
///
/// The files of one call lie in a directory that is named after its request, under numbers: what a function calls its files stands in an index
/// beside them and is never a path of this machine.
public final class OutputStore {

    private static final Logger LOG = LoggerFactory.getLogger(OutputStore.class);
    private static final String INDEX = "index";
    /// What [#keep] may have named a directory; neither `.` nor `..` is one.
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{3,128}|[A-Za-z0-9_-]{1,2}");

    private final Path kept;
    private final Path made;
    private final long maxBytes;
    private final Duration retention;
    private final InstantSource clock;
    /// Of all files that are kept or being written.
    private final AtomicLong bytes = new AtomicLong();

    /// @param directory for this store alone
    /// @param maxBytes how long all files together may be
    /// @param retention how long files are kept
    public OutputStore(Path directory, long maxBytes, Duration retention, InstantSource clock) throws IOException {
        this.kept = Files.createDirectories(directory.resolve("kept"));
        this.made = directory.resolve("new");
        this.maxBytes = maxBytes;
        this.retention = retention;
        this.clock = clock;
        if (Files.exists(made)) {
            delete(made);
        }
        Files.createDirectories(made);
        bytes.set(size(kept));
    }

    /// What became of a call's files.
    public sealed interface Kept {

        /// @param name what [#find] finds them by
        record Stored(String name) implements Kept {
        }

        /// They are lost.
        ///
        /// @param why one line, for the function's owner
        record Refused(String why) implements Kept {
        }
    }

    /// A file that is kept.
    public record StoredFile(Path file, long size) {
    }

    /// Stores the files of one call, all of them or none.
    ///
    /// @param requestId names them, unless files of an earlier call have that name
    Kept keep(String requestId, List<OutputFile> files) {
        long size = files.stream().mapToLong(file -> file.content().size()).sum();
        if (bytes.addAndGet(size) > maxBytes) {
            bytes.addAndGet(-size);
            return new Kept.Refused("the output files of the last hour have used up the room for them: " + maxBytes
                    + " bytes; OUTPUTS_MAX_BYTES sets the limit");
        }
        boolean stored = false;
        Path directory = made.resolve(UUID.randomUUID().toString());
        try {
            write(directory, files);
            String name = publish(directory, requestId);
            stored = true;
            return new Kept.Stored(name);
        } catch (IOException e) {
            LOG.error("The call's output files can't be stored", e);
            return new Kept.Refused("the gateway couldn't store the output files; its log says why");
        } finally {
            if (!stored) {
                bytes.addAndGet(-size);
                discard(directory);
            }
        }
    }

    private static void write(Path directory, List<OutputFile> files) throws IOException {
        Files.createDirectory(directory);
        for (int i = 0; i < files.size(); i++) {
            Bytes content = files.get(i).content();
            Files.write(directory.resolve(String.valueOf(i)), content.array());
        }
        Files.write(directory.resolve(INDEX), files.stream().map(OutputFile::path).toList());
    }

    private String publish(Path directory, String requestId) throws IOException {
        if (NAME.matcher(requestId).matches()) {
            Path target = kept.resolve(requestId);
            try {
                Files.move(directory, target, StandardCopyOption.ATOMIC_MOVE);
                return requestId;
            } catch (FileSystemException e) {
                if (!Files.exists(target)) {
                    throw e;
                }
                // Whoever gives one id to several calls finds each call's files under a name of their own.
            }
        }
        String name = requestId + "." + UUID.randomUUID();
        Files.move(directory, kept.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        return name;
    }

    /// @param name as [Kept.Stored] says
    /// @param path as the function called the file
    public Optional<StoredFile> find(String name, String path) throws IOException {
        if (!NAME.matcher(name).matches()) {
            return Optional.empty();
        }
        Path directory = kept.resolve(name);
        try {
            int number = Files.readAllLines(directory.resolve(INDEX)).indexOf(path);
            if (number < 0) {
                return Optional.empty();
            }
            Path file = directory.resolve(String.valueOf(number));
            return Optional.of(new StoredFile(file, Files.size(file)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /// Deletes what has been kept long enough.
    public void sweep() throws IOException {
        Instant cutoff = clock.instant().minus(retention);
        List<Path> all;
        try (Stream<Path> calls = Files.list(kept)) {
            all = calls.toList();
        }
        for (Path call : all) {
            if (Files.getLastModifiedTime(call).toInstant().isBefore(cutoff)) {
                long size = size(call);
                delete(call);
                bytes.addAndGet(-size);
            }
        }
    }

    private static void discard(Path directory) {
        try {
            if (Files.exists(directory)) {
                delete(directory);
            }
        } catch (IOException e) {
            LOG.warn("{} couldn't be deleted; the next start does it: {}", directory.getFileName(), e.getMessage());
        }
    }

    private static void delete(Path tree) throws IOException {
        for (Path path : walk(tree).reversed()) {
            Files.deleteIfExists(path);
        }
    }

    /// Of what functions wrote; an index isn't counted.
    private static long size(Path tree) throws IOException {
        long size = 0;
        for (Path path : walk(tree)) {
            if (Files.isRegularFile(path) && !path.endsWith(INDEX)) {
                size += Files.size(path);
            }
        }
        return size;
    }

    private static List<Path> walk(Path tree) throws IOException {
        try (Stream<Path> paths = Files.walk(tree)) {
            return paths.sorted(Comparator.naturalOrder()).toList();
        }
    }
}
