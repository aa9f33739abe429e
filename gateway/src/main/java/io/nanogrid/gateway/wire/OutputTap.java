package io.nanogrid.gateway.wire;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The reading ends of one instance's standard output and standard error.
///
/// What an instance writes is in its pipe before the answer that it writes afterwards is in its socket. So [#end], called when the
/// answer is there, finds everything that the call has printed: no sentinel lines, and nothing needed from the bootstrap.
///
/// The lock guards the current output and the descriptors; every read under it is one that doesn't block.
public final class OutputTap implements AutoCloseable {

    private static final int CHUNK = 8 << 10;
    private static final String OUT = "out";
    private static final String ERR = "err";

    private final ReentrantLock lock = new ReentrantLock();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment errno = NativeIo.errno(arena);
    private final MemorySegment buffer = arena.allocate(CHUNK);
    private final byte[] chunk = new byte[CHUNK];
    private final Path directory;
    private final int outDescriptor;
    private final int errDescriptor;
    private final OutputPump pump;
    private final CallOutput background;
    private CallOutput current;
    private boolean closed;

    private OutputTap(Path directory, int outDescriptor, int errDescriptor, OutputPump pump, CallOutput background) {
        this.directory = directory;
        this.outDescriptor = outDescriptor;
        this.errDescriptor = errDescriptor;
        this.pump = pump;
        this.background = background;
        this.current = background;
    }

    /// Makes the two pipes in `directory` and has the pump watch them.
    ///
    /// @param background takes what is printed outside calls
    public static OutputTap open(Path directory, OutputPump pump, CallOutput background) throws IOException {
        int out = pipe(directory.resolve(OUT));
        int err;
        try {
            err = pipe(directory.resolve(ERR));
        } catch (IOException e) {
            NativeIo.close(out);
            throw e;
        }
        OutputTap tap = new OutputTap(directory, out, err, pump, background);
        try {
            pump.watch(tap, out, err);
            return tap;
        } catch (IOException e) {
            tap.close();
            throw e;
        }
    }

    private static int pipe(Path path) throws IOException {
        NativeIo.makeFifo(path);
        // The umask of the gateway may have taken away what an instance of another uid needs.
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw--w--w-"));
        return NativeIo.openForReading(path);
    }

    /// Removes the pipes' names. To be called once the instance has opened them.
    public void unlink() throws IOException {
        Files.deleteIfExists(directory.resolve(OUT));
        Files.deleteIfExists(directory.resolve(ERR));
    }

    /// From now on, what is printed belongs to `call`. What was printed before goes to the background.
    public void begin(CallOutput call) {
        switchTo(call);
    }

    /// Collects everything that has been printed so far; what comes later belongs to the background.
    public void end() {
        switchTo(null);
    }

    private void switchTo(@Nullable CallOutput next) {
        lock.lock();
        try {
            drain();
            current = next == null ? background : next;
        } finally {
            lock.unlock();
        }
    }

    /// Called by the pump when something has been written.
    void collect() {
        lock.lock();
        try {
            drain();
        } finally {
            lock.unlock();
        }
    }

    private void drain() {
        if (!closed && (drain(outDescriptor, false) | drain(errDescriptor, true))) {
            pump.comeBack(this);
        }
    }

    /// Bounded, as an instance may write faster than this reads. The kernel reports a pipe only when something is written to it: not one
    /// that has been full all the time, whose writer waits.
    ///
    /// @return whether something may have stayed behind
    private boolean drain(int descriptor, boolean isStderr) {
        try {
            for (int round = 0; round < 64; round++) {
                int count = NativeIo.read(descriptor, buffer, errno);
                if (count == 0) {
                    return false;
                }
                MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, chunk, 0, count);
                current.append(isStderr, chunk, count);
            }
            return true;
        } catch (IOException e) {
            // A pipe that can't be read has nothing more to say.
            return false;
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                drain();
                closed = true;
                pump.forget(this);
                NativeIo.close(outDescriptor);
                NativeIo.close(errDescriptor);
                arena.close();
            }
        } finally {
            lock.unlock();
        }
    }
}
