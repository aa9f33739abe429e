package io.nanogrid.gateway.invoke;

import io.nanogrid.gateway.invoke.OutputStore.Kept;
import io.nanogrid.gateway.wire.OutputSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The files of one call on their way into an [OutputStore], all of them or none: each piece is on the disk as soon as it has come, and takes
/// room in the store only then, however much its instance has announced. Closing a draft drops what it wasn't told to keep.
///
/// Used by one thread at a time.
final class OutputDraft implements OutputSink, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(OutputDraft.class);

    private final OutputStore store;
    private final List<String> paths = new ArrayList<>();
    private @Nullable Path directory;
    /// The file that is coming.
    private @Nullable FileChannel file;
    private long fileSize;
    private long fileRoom;
    /// Of all files, with the one that is coming.
    private long room;
    /// Why the files are lost; what still comes is passed over.
    private Kept.@Nullable Refused refused;

    OutputDraft(OutputStore store) {
        this.store = store;
    }

    @Override
    public void begin(String path, long size) {
        if (refused != null) {
            return;
        }
        if (!store.hasRoom(OutputStore.roomOf(size))) {
            refuse(store.full());
            return;
        }
        try {
            closeFile();
            if (directory == null) {
                directory = Files.createDirectory(store.newDirectory());
            }
            file = FileChannel.open(directory.resolve(String.valueOf(paths.size())), StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE);
            paths.add(path);
            fileSize = 0;
            fileRoom = 0;
            grow(0);
        } catch (IOException e) {
            refuse(e);
        }
    }

    @Override
    public void write(ByteBuffer piece) {
        FileChannel open = file;
        if (open == null || !grow(piece.remaining())) {
            return;
        }
        try {
            while (piece.hasRemaining()) {
                open.write(piece);
            }
        } catch (IOException e) {
            refuse(e);
        }
    }

    /// @return whether the file that is coming may be longer by so many bytes
    private boolean grow(int more) {
        fileSize += more;
        long wanted = OutputStore.roomOf(fileSize) - fileRoom;
        if (!store.takeRoom(wanted)) {
            refuse(store.full());
            return false;
        }
        fileRoom += wanted;
        room += wanted;
        return true;
    }

    /// Stores the files, of which there has to be one, under the name of their request.
    Kept keep(String requestId) {
        if (refused != null) {
            return refused;
        }
        if (directory == null) {
            throw new IllegalStateException("no file has come");
        }
        try {
            closeFile();
            String name = store.keep(directory, requestId, paths);
            directory = null;
            return new Kept.Stored(name);
        } catch (IOException e) {
            return refuse(e);
        }
    }

    private Kept refuse(IOException e) {
        if (!(e instanceof ClosedByInterruptException)) {
            LOG.error("The call's output files can't be stored", e);
        }
        return refuse(new Kept.Refused("the gateway couldn't store the output files; its log says why"));
    }

    /// Gives the room back at once: the call may run for long.
    private Kept refuse(Kept.Refused why) {
        refused = why;
        close();
        return why;
    }

    private void closeFile() throws IOException {
        FileChannel open = file;
        file = null;
        if (open != null) {
            open.close();
        }
    }

    @Override
    public void close() {
        try {
            closeFile();
        } catch (IOException e) {
            LOG.warn("A file that is dropped couldn't be closed: {}", e.getMessage());
        }
        if (directory != null) {
            store.discard(directory, room);
            directory = null;
        }
    }
}
