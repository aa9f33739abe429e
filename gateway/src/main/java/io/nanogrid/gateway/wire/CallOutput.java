package io.nanogrid.gateway.wire;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// What was printed during one call, up to a number of bytes a stream. The rest is counted.
///
/// Written by the thread that holds the tap's lock; read after the call has ended.
public final class CallOutput {

    private final int capacity;
    private @Nullable ByteArrayOutputStream out;
    private @Nullable ByteArrayOutputStream err;
    private long dropped;

    /// @param capacity bytes that are kept of each of the two streams
    public CallOutput(int capacity) {
        this.capacity = capacity;
    }

    void append(boolean toStderr, byte[] bytes, int length) {
        ByteArrayOutputStream into = toStderr ? err : out;
        if (into == null) {
            into = new ByteArrayOutputStream(Math.min(capacity, Math.max(length, 256)));
            if (toStderr) {
                err = into;
            } else {
                out = into;
            }
        }
        int kept = Math.min(length, capacity - into.size());
        into.write(bytes, 0, kept);
        dropped += length - kept;
    }

    public String stdout() {
        return text(out);
    }

    public String stderr() {
        return text(err);
    }

    /// How many bytes were printed past the capacity, and are lost.
    public long dropped() {
        return dropped;
    }

    private String text(@Nullable ByteArrayOutputStream stream) {
        if (stream == null) {
            return "";
        }
        String text = stream.toString(StandardCharsets.UTF_8);
        return stream.size() < capacity || dropped == 0
                ? text
                : text + "\n[cut here: " + dropped + " more bytes were printed during this call]\n";
    }
}
