package io.nanogrid.gateway.worker;

import io.nanogrid.gateway.dispatch.RemoteResult.OutputFile;
import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.wire.OutputSink;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// The files of one call on their way to whoever asked for it, in memory. All calls share the room there; files for which there is none are lost, all of
/// the call's.
///
/// Used by one thread at a time.
final class CollectedFiles implements OutputSink, AutoCloseable {

    private final AtomicLong room;
    private final List<OutputFile> whole = new ArrayList<>();
    private @Nullable String path;
    private ByteArrayOutputStream coming = new ByteArrayOutputStream(0);
    private long taken;
    private boolean lost;

    /// @param room how many bytes are left for files of all calls
    CollectedFiles(AtomicLong room) {
        this.room = room;
    }

    @Override
    public void begin(String next, long size) {
        end();
        path = next;
    }

    @Override
    public void write(ByteBuffer piece) {
        int size = piece.remaining();
        if (lost) {
            return;
        }
        if (room.addAndGet(-size) < 0) {
            room.addAndGet(size);
            lost = true;
            close();
            return;
        }
        taken += size;
        byte[] bytes = new byte[size];
        piece.get(bytes);
        coming.writeBytes(bytes);
    }

    private void end() {
        if (path != null && !lost) {
            whole.add(new OutputFile(path, Bytes.wrap(coming.toByteArray())));
        }
        path = null;
        coming = new ByteArrayOutputStream(0);
    }

    boolean areLost() {
        return lost;
    }

    /// To be called when all of them have come.
    List<OutputFile> list() {
        end();
        return whole;
    }

    /// Makes room for the files of others.
    @Override
    public void close() {
        whole.clear();
        coming = new ByteArrayOutputStream(0);
        room.addAndGet(taken);
        taken = 0;
    }
}
