package io.nanogrid.gateway.invoke;

import io.nanogrid.gateway.invoke.OutputStore.Kept;
import io.nanogrid.gateway.wire.OutputSink;
import java.io.IOException;
import java.nio.ByteBuffer;
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
public final class OutputDraft implements OutputSink, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(OutputDraft.class);

    private final OutputStaging staging;
    private final Keeper keeper;
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

    /// @param keeper what takes the files over when all have come
    public OutputDraft(OutputStaging staging, Keeper keeper) {
        this.staging = staging;
        this.keeper = keeper;
    }

    /// All files of a call.
    ///
    /// @param directory holds them under the numbers of `paths`
    /// @param paths as the function called them
    /// @param room what they take of the room for all
    public record Whole(Path directory, List<String> paths, long room) {
    }

    /// Keeps the files of a call for an [OutputStore].
    public interface Keeper {

        /// Takes over the directory, which is gone from its place when it returns, and the room.
        ///
        /// @return the name to find them by: `requestId`, unless files of an earlier call have that name
        /// @throws IOException if they can't be kept; then directory and room are as before
        String keep(Whole files, String requestId) throws IOException;
    }

    @Override
    public void begin(String path, long size) {
        if (refused != null) {
            return;
        }
        if (!staging.hasRoom(OutputStaging.roomOf(size))) {
            refuse(staging.full());
            return;
        }
        try {
            closeFile();
            if (directory == null) {
                directory = Files.createDirectory(staging.newDirectory());
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
        long wanted = OutputStaging.roomOf(fileSize) - fileRoom;
        if (!staging.takeRoom(wanted)) {
            refuse(staging.full());
            return false;
        }
        fileRoom += wanted;
        room += wanted;
        return true;
    }

    /// Stores the files, of which there has to be one, under the name of their request.
    public Kept keep(String requestId) {
        if (refused != null) {
            return refused;
        }
        if (directory == null) {
            throw new IllegalStateException("no file has come");
        }
        try {
            closeFile();
            String name = keeper.keep(new Whole(directory, List.copyOf(paths), room), requestId);
            directory = null;
            return new Kept.Stored(name);
        } catch (IOException e) {
            return refuse(e);
        }
    }

    private Kept refuse(IOException e) {
        if (!Thread.currentThread().isInterrupted()) {
            LOG.error("The call's output files can't be stored: {}", e.toString());
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
            staging.discard(directory, room);
            directory = null;
        }
    }
}
