package io.nanogrid.gateway.invoke;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
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
/// beside them and is never a path of this machine. While they come they are an [OutputDraft].
public final class OutputStore {

    private static final Logger LOG = LoggerFactory.getLogger(OutputStore.class);
    private static final String INDEX = "index";
    /// What a file takes at the least, in bytes: empty ones fill a disk too.
    private static final long LEAST = 4 << 10;
    /// What [#keep] may have named a directory; neither `.` nor `..` is one.
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{3,128}|[A-Za-z0-9_-]{1,2}");

    private final Path kept;
    private final Path made;
    private final long maxBytes;
    private final Duration retention;
    private final InstantSource clock;
    /// Of all files that are kept or being written, as [#roomOf] counts.
    private final AtomicLong bytes = new AtomicLong();

    /// @param directory for this store alone
    /// @param maxBytes how long all files together may be
    /// @param retention how long files are kept
    public OutputStore(Path directory, long maxBytes, Duration retention, InstantSource clock) throws IOException {
        this.kept = Files.createDirectories(directory.resolve("kept"));
        this.made = Files.createDirectories(directory.resolve("new"));
        this.maxBytes = maxBytes;
        this.retention = retention;
        this.clock = clock;
        for (Path call : list(made)) {
            bytes.addAndGet(delete(call));
        }
        for (Path call : list(kept)) {
            bytes.addAndGet(size(call));
        }
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

    /// Takes the files of one call.
    OutputDraft draft() {
        return new OutputDraft(this);
    }

    /// What a file of so many bytes takes of the room for all.
    static long roomOf(long size) {
        return Math.max(LEAST, size);
    }

    /// A name that nothing has, for the files of one call while they come. The next start deletes what is still there.
    Path newDirectory() {
        return made.resolve(UUID.randomUUID().toString());
    }

    boolean hasRoom(long wanted) {
        return bytes.get() + wanted <= maxBytes;
    }

    /// @return whether there was so much room; if there wasn't, none of it is taken
    boolean takeRoom(long wanted) {
        if (bytes.addAndGet(wanted) <= maxBytes) {
            return true;
        }
        bytes.addAndGet(-wanted);
        return false;
    }

    Kept.Refused full() {
        return new Kept.Refused("the output files of the last hour have used up the room for them: " + maxBytes
                + " bytes; OUTPUTS_MAX_BYTES sets the limit");
    }

    /// Keeps what is in a [new directory][#newDirectory], under the numbers of `paths`. Its room is taken already.
    ///
    /// @return the name to find it by: `requestId`, unless files of an earlier call have that name
    String keep(Path directory, String requestId, List<String> paths) throws IOException {
        Files.write(directory.resolve(INDEX), paths);
        return publish(directory, requestId);
    }

    /// Deletes a [new directory][#newDirectory], or leaves that to the next start.
    ///
    /// @param room what was taken for its files
    void discard(Path directory, long room) {
        try {
            bytes.addAndGet(delete(directory) - room);
        } catch (IOException e) {
            LOG.warn("{} can't be deleted yet: {}", directory, e.getMessage());
        }
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

    /// Deletes what has been kept long enough. What can't be deleted is tried again when it has been kept as long once more.
    public void sweep() throws IOException {
        Instant cutoff = clock.instant().minus(retention);
        for (Path call : list(kept)) {
            try {
                if (Files.getLastModifiedTime(call).toInstant().isBefore(cutoff)) {
                    long size = size(call);
                    bytes.addAndGet(delete(call) - size);
                }
            } catch (IOException e) {
                LOG.warn("{} can't be deleted yet: {}", call, e.getMessage());
            }
        }
    }

    /// Deletes the files of one call, as far as that goes.
    ///
    /// @return the room of what is still there
    private static long delete(Path call) throws IOException {
        // From here on nobody finds the others.
        Files.deleteIfExists(call.resolve(INDEX));
        long left = 0;
        for (Path file : list(call)) {
            long room = roomOf(Files.size(file));
            try {
                Files.delete(file);
            } catch (IOException e) {
                left += room;
            }
        }
        try {
            Files.delete(call);
        } catch (IOException e) {
            LOG.warn("{} can't be deleted yet: {}", call, e.getMessage());
        }
        return left;
    }

    /// The room of one call's files; their index isn't counted.
    private static long size(Path call) throws IOException {
        long size = 0;
        for (Path file : list(call)) {
            if (!file.endsWith(INDEX)) {
                size += roomOf(Files.size(file));
            }
        }
        return size;
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.toList();
        }
    }
}
