package io.nanogrid.gateway.engine;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A small file of /proc or of a control group, kept open: reading it again takes microseconds, and a process that later
/// has the same pid is never read instead. Safe for use by many threads.
public final class KernelFile implements Closeable {

    private static final Logger LOG = LoggerFactory.getLogger(KernelFile.class);
    private static final int SIZE = 4096;

    /// No channel: an interrupt of whoever reads would close it for everybody.
    private final RandomAccessFile file;
    private final byte[] current = new byte[SIZE];
    private byte[] before = new byte[0];
    /// What `before` says.
    private String text = "";
    private boolean closed;

    public KernelFile(Path path) throws IOException {
        this.file = new RandomAccessFile(path.toFile(), "r");
    }

    /// The first 4 KiB, or null when what the file tells about is gone. The same object as long as the file says the same.
    public synchronized @Nullable String read() {
        if (closed) {
            return null;
        }
        int length;
        try {
            file.seek(0);
            length = Math.max(0, file.read(current));
        } catch (IOException e) {
            return null;
        }
        if (!Arrays.equals(current, 0, length, before, 0, before.length)) {
            before = Arrays.copyOf(current, length);
            text = new String(before, StandardCharsets.US_ASCII);
        }
        return text;
    }

    /// The number in a file that holds nothing else; empty when what it tells about is gone.
    public OptionalLong number() {
        String number = read();
        return number == null || number.isBlank()
                ? OptionalLong.empty()
                : OptionalLong.of(Long.parseLong(number.strip()));
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
