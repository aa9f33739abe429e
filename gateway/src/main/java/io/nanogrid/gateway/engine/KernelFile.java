package io.nanogrid.gateway.engine;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A small file of /proc or of a control group, kept open: reading it again is one system call, and a process that later
/// has the same pid is never read instead. Safe for use by many threads.
public final class KernelFile implements Closeable {

    private static final Logger LOG = LoggerFactory.getLogger(KernelFile.class);
    private static final int SIZE = 4096;

    private final FileChannel file;
    /// Direct, as the channel would otherwise copy through a direct buffer of its own.
    private ByteBuffer current = ByteBuffer.allocateDirect(SIZE);
    private ByteBuffer before = ByteBuffer.allocateDirect(SIZE).limit(0);
    /// What `before` says.
    private String text = "";

    public KernelFile(Path path) throws IOException {
        this.file = FileChannel.open(path, StandardOpenOption.READ);
    }

    /// The first 4 KiB, or null when what the file tells about is gone. The same object as long as the file says the same.
    public synchronized @Nullable String read() {
        try {
            file.read(current.clear(), 0);
        } catch (IOException e) {
            return null;
        }
        if (!current.flip().equals(before)) {
            text = StandardCharsets.US_ASCII.decode(current.duplicate()).toString();
            ByteBuffer spare = before;
            before = current;
            current = spare;
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
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            LOG.debug("Closing a kernel's file failed", e);
        }
    }
}
