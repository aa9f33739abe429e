package io.nanogrid.gateway.engine.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The file whose bytes are the uids in use. All pools of this process share one channel of it: the kernel drops a process's locks of a file
/// when the process closes any of its descriptors of it.
///
/// Safe for use by many threads. The monitor of `OPEN` guards it and the counts.
final class UidLocks implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(UidLocks.class);
    private static final Map<Path, UidLocks> OPEN = new HashMap<>();

    private final Path file;
    private final FileChannel channel;
    private int users;

    private UidLocks(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /// For root alone: who could read the file could lock it, too. To be closed as often as it is opened, when its locks are released.
    ///
    /// @param file made when it isn't there
    static UidLocks open(Path file) {
        try {
            Path directory = file.toAbsolutePath().getParent();
            Path real = directory == null
                    ? file
                    : Files.createDirectories(directory).toRealPath().resolve(file.getFileName());
            synchronized (OPEN) {
                UidLocks locks = OPEN.get(real);
                if (locks == null) {
                    locks = new UidLocks(real, channel(real));
                    OPEN.put(real, locks);
                }
                locks.users++;
                return locks;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the uids of instances can't be locked against other gateways: make "
                    + file.getParent() + " writable for root", e);
        }
    }

    private static FileChannel channel(Path file) throws IOException {
        return FileChannel.open(file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    /// @return null where another engine, of this process or another, has the uid
    @Nullable
    FileLock lock(int uid) throws IOException {
        try {
            return channel.tryLock(uid, 1, false);
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    @Override
    public void close() {
        synchronized (OPEN) {
            users--;
            if (users > 0) {
                return;
            }
            OPEN.remove(file);
            try {
                channel.close();
            } catch (IOException e) {
                LOG.debug("The locks of uids can't be closed", e);
            }
        }
    }
}
