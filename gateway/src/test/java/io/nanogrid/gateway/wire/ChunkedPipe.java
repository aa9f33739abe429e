package io.nanogrid.gateway.wire;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.List;

/// Takes and gives bytes in the sizes that it is told, over and over, as a socket may.
final class ChunkedPipe implements ByteChannel {

    private final List<Integer> sizes;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private int step;
    private int readAt;

    ChunkedPipe(List<Integer> sizes) {
        this.sizes = sizes;
    }

    private int next() {
        return sizes.get(step++ % sizes.size());
    }

    @Override
    public int write(ByteBuffer from) {
        byte[] chunk = new byte[Math.min(from.remaining(), next())];
        from.get(chunk);
        written.writeBytes(chunk);
        return chunk.length;
    }

    @Override
    public int read(ByteBuffer into) {
        int left = written.size() - readAt;
        if (left == 0) {
            return -1;
        }
        int count = Math.min(Math.min(left, into.remaining()), next());
        into.put(written.toByteArray(), readAt, count);
        readAt += count;
        return count;
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {
        // Holds nothing but memory.
    }
}
