package io.nanogrid.gateway.engine;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A small file of /proc or of a control group, kept open: reading it again takes microseconds, and a process that later
/// has the same pid is never read instead. Safe for use by many threads.
public final class KernelFile implements Closeable {

    private static final Logger LOG = LoggerFactory.getLogger(KernelFile.class);

    private final RandomAccessFile file;
    private boolean closed;

    public KernelFile(Path path) throws IOException {
        this.file = new RandomAccessFile(path.toFile(), "r");
    }

    /// The first 4 KiB, or null when what the file tells about is gone.
    public synchronized @Nullable String read() {
        if (closed) {
            return null;
        }
        byte[] buffer = new byte[4096];
        try {
            file.seek(0);
            int length = file.read(buffer);
            return length <= 0 ? "" : new String(buffer, 0, length, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            return null;
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        try {
            file.close();
        } catch (IOException e) {
            LOG.debug("Closing a kernel's file failed", e);
        }
    }
}
