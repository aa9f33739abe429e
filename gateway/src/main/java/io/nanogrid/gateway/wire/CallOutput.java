package io.nanogrid.gateway.wire;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// What was printed during one call, up to a number of bytes a stream. The rest is counted.
///
/// Written by the thread that holds the tap's lock; read after the call has ended.
public final class CallOutput {

    private final Stream out;
    private final Stream err;

    /// @param capacity bytes that are kept of each of the two streams
    public CallOutput(int capacity) {
        this.out = new Stream(capacity);
        this.err = new Stream(capacity);
    }

    void append(boolean toStderr, byte[] bytes, int length) {
        (toStderr ? err : out).append(bytes, length);
    }

    public String stdout() {
        return out.text();
    }

    public String stderr() {
        return err.text();
    }

    /// How many bytes were printed past the capacity, and are lost.
    public long dropped() {
        return out.dropped + err.dropped;
    }

    private static final class Stream {
        private final int capacity;
        private @Nullable ByteArrayOutputStream kept;
        private long dropped;

        Stream(int capacity) {
            this.capacity = capacity;
        }

        void append(byte[] bytes, int length) {
            if (kept == null) {
                kept = new ByteArrayOutputStream(Math.min(capacity, Math.max(length, 256)));
            }
            int fits = Math.min(length, capacity - kept.size());
            kept.write(bytes, 0, fits);
            dropped += length - fits;
        }

        String text() {
            String text = kept == null ? "" : kept.toString(StandardCharsets.UTF_8);
            return dropped == 0
                    ? text
                    : text + "\n[cut here: " + dropped + " more bytes were printed during this call]\n";
        }
    }
}
