package io.nanogrid.gateway.invoke;

import io.nanogrid.gateway.invoke.OutputStore.Kept;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where the files of calls lie while they come, and the room that an [OutputStore] has for all files. Safe for use by many threads.
public final class OutputStaging {

    private static final Logger LOG = LoggerFactory.getLogger(OutputStaging.class);
    /// What a file takes at the least, in bytes: empty ones fill a disk too.
    private static final long LEAST = 4 << 10;

    private final Path directory;
    private final long maxBytes;
    /// Of all files that are kept or coming, as [#roomOf] counts.
    private final AtomicLong bytes = new AtomicLong();

    /// Deletes what an earlier process has left.
    ///
    /// @param directory for this process alone
    /// @param maxBytes how long all files together may be
    public OutputStaging(Path directory, long maxBytes) throws IOException {
        this.directory = Files.createDirectories(directory);
        this.maxBytes = maxBytes;
        for (Path call : list(directory)) {
            bytes.addAndGet(delete(call));
        }
    }

    /// What a file of so many bytes takes of the room for all.
    static long roomOf(long size) {
        return Math.max(LEAST, size);
    }

    /// A name that nothing has, for the files of one call.
    Path newDirectory() {
        return directory.resolve(UUID.randomUUID().toString());
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

    /// Takes it whether there is so much or not, for files that are there already.
    void occupy(long room) {
        bytes.addAndGet(room);
    }

    public void release(long room) {
        bytes.addAndGet(-room);
    }

    Kept.Refused full() {
        return new Kept.Refused("the output files of the last hour have used up the room for them: " + maxBytes
                + " bytes; OUTPUTS_MAX_BYTES sets the limit");
    }

    /// Deletes a [new directory][#newDirectory], or leaves that to the next start.
    ///
    /// @param room what was taken for its files
    void discard(Path call, long room) {
        try {
            bytes.addAndGet(delete(call) - room);
        } catch (IOException e) {
            LOG.warn("{} can't be deleted yet: {}", call, e.getMessage());
        }
    }

    /// Deletes a [new directory][#newDirectory] whose files are kept elsewhere, and leaves their room taken.
    public void dispose(Path call) {
        discard(call, 0);
    }

    /// Deletes the files of one call, as far as that goes.
    ///
    /// @return the room of what is still there
    static long delete(Path call) throws IOException {
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

    static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.toList();
        }
    }
}
