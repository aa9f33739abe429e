package io.nanogrid.gateway.wire;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;

/// Frames to bytes and back, through one buffer that belongs to one channel. An ordinary frame is one write and one read.
///
/// Used by one thread at a time.
final class FrameCodec {

    private static final int BUFFER = 16 << 10;
    /// As much as is set aside for a part of a frame before any of it has come, and by how much that may grow over what has come:
    /// an instance can announce megabytes and never send them.
    private static final int FIRST_PIECE = 64 << 10;
    private static final long GROWTH = 4;

    /// Direct, as the socket would otherwise copy through a direct buffer of its own.
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    /// Whether the buffer holds the start of the next frame to be read.
    private boolean ahead;
    /// How many bytes of a file's content are still to be read, before anything else is.
    private int fileSize;

    void write(WritableByteChannel out, Frame frame) throws IOException {
        buffer.clear();
        ahead = false;
        buffer.putInt(Frame.HEAD_AFTER_LENGTH + frame.meta().size() + frame.body().size());
        buffer.put((byte) frame.kind().number);
        buffer.put((byte) frame.flags());
        buffer.putInt(frame.call());
        buffer.putInt(frame.meta().size());
        put(out, frame.meta().array());
        put(out, frame.body().array());
        flush(out);
    }

    private void put(WritableByteChannel out, byte[] bytes) throws IOException {
        int at = 0;
        while (at < bytes.length) {
            if (!buffer.hasRemaining()) {
                flush(out);
            }
            int chunk = Math.min(buffer.remaining(), bytes.length - at);
            buffer.put(bytes, at, chunk);
            at += chunk;
        }
    }

    private void flush(WritableByteChannel out) throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            out.write(buffer);
        }
        buffer.clear();
    }

    /// Reads one frame. Whoever speaks out of turn is in violation, so nothing but a file may be followed by another frame.
    /// A file comes without its body: [#readFile] has to be called for it before the next frame is read.
    ///
    /// @throws EOFException if the other side has closed
    /// @throws ProtocolViolation if it isn't a frame, or is larger than `limits`
    Frame read(ReadableByteChannel in, FrameLimits limits) throws IOException {
        if (ahead) {
            buffer.compact();
        } else {
            buffer.clear();
        }
        while (buffer.position() < Frame.HEAD) {
            if (in.read(buffer) < 0) {
                throw new EOFException(buffer.position() == 0 ? "closed" : "closed within a frame");
            }
        }
        buffer.flip();
        long length = Integer.toUnsignedLong(buffer.getInt());
        FrameKind kind = FrameKind.of(Byte.toUnsignedInt(buffer.get()));
        int flags = Byte.toUnsignedInt(buffer.get());
        int call = buffer.getInt();
        long meta = Integer.toUnsignedLong(buffer.getInt());
        long body = length - Frame.HEAD_AFTER_LENGTH - meta;
        if (kind == null) {
            throw new ProtocolViolation("a frame of an unknown kind");
        }
        if ((flags & ~kind.allowedFlags) != 0) {
            throw new ProtocolViolation("a frame of kind " + kind + " with unknown flags " + flags);
        }
        if (body < 0) {
            throw new ProtocolViolation("a frame whose parts are longer than itself");
        }
        if (meta > limits.metaOf(kind)) {
            throw new ProtocolViolation(
                    "a frame with " + meta + " bytes of meta, where " + limits.metaOf(kind) + " are allowed");
        }
        if (kind == FrameKind.FILE && body > limits.file()) {
            throw new ProtocolViolation("a file of " + body + " bytes, where " + limits.file() + " are allowed");
        }
        if (kind != FrameKind.FILE && body > limits.body()) {
            throw new FrameTooLarge(body, limits.body());
        }
        Bytes head = take(in, (int) meta);
        fileSize = kind == FrameKind.FILE ? (int) body : 0;
        Frame frame = new Frame(kind, flags, call, head, take(in, (int) body - fileSize));
        ahead = buffer.hasRemaining();
        if (ahead && kind != FrameKind.FILE) {
            throw new ProtocolViolation("bytes after a frame");
        }
        if (!frame.meta().isEmpty() && frame.meta().array()[0] != '{') {
            throw new ProtocolViolation("meta that is no JSON object");
        }
        return frame;
    }

    /// The length of the file whose frame was read last, in bytes.
    int fileSize() {
        return fileSize;
    }

    /// Reads that file's content, and hands it on piece by piece as it comes.
    ///
    /// @throws EOFException if the other side has closed before its end
    void readFile(ReadableByteChannel in, OutputSink sink) throws IOException {
        while (fileSize > 0) {
            if (!buffer.hasRemaining()) {
                buffer.clear().limit(Math.min(buffer.capacity(), fileSize));
                if (in.read(buffer) < 0) {
                    throw new EOFException("closed within a frame");
                }
                buffer.flip();
            }
            int piece = Math.min(buffer.remaining(), fileSize);
            sink.write(buffer.slice(buffer.position(), piece));
            buffer.position(buffer.position() + piece);
            fileSize -= piece;
        }
        ahead = buffer.hasRemaining();
    }

    private Bytes take(ReadableByteChannel in, int size) throws IOException {
        byte[] bytes = new byte[Math.min(size, FIRST_PIECE)];
        int at = Math.min(size, buffer.remaining());
        buffer.get(bytes, 0, at);
        while (at < size) {
            if (at == bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(size, GROWTH * at));
            }
            buffer.clear().limit(Math.min(buffer.capacity(), bytes.length - at));
            if (in.read(buffer) < 0) {
                throw new EOFException("closed within a frame");
            }
            buffer.flip();
            int chunk = buffer.remaining();
            buffer.get(bytes, at, chunk);
            at += chunk;
        }
        return Bytes.wrap(bytes);
    }
}
