package io.nanogrid.gateway.wire;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/// The system calls that named pipes need and that the JDK doesn't offer: opening without blocking, reading without blocking, and
/// waiting for many at once. Linux on x86-64 and aarch64.
final class NativeIo {

    private static final int O_RDONLY_NONBLOCK_CLOEXEC = 0x800 | 0x80000;
    private static final int EPOLL_CLOEXEC = 0x80000;
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_MOD = 3;
    private static final int EPOLLIN_EDGE = 1 | 1 << 31;
    private static final int EAGAIN = 11;
    private static final int EINTR = 4;

    /// struct epoll_event is packed on x86-64 and on no other architecture.
    private static final boolean PACKED = System.getProperty("os.arch").equals("amd64");
    private static final int EVENT_SIZE = PACKED ? 12 : 16;
    private static final int EVENT_DATA = PACKED ? 4 : 8;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout ERRNO = Linker.Option.captureStateLayout();
    private static final long ERRNO_OFFSET = ERRNO.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle MKFIFO = bind("mkfifo", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle OPEN = bind("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle READ = bind("read",
            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle CLOSE = bind("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle EVENTFD = bind("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle EPOLL_CREATE = bind("epoll_create1", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle EPOLL_CTL = bind("epoll_ctl",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle EPOLL_WAIT = bind("epoll_wait",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));

    private NativeIo() {
    }

    private static MethodHandle bind(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type,
                Linker.Option.captureCallState("errno"));
    }

    /// Room for the error number of one thread's calls.
    static MemorySegment errno(Arena arena) {
        return arena.allocate(ERRNO);
    }

    static void makeFifo(Path path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errno(arena);
            if ((int) MKFIFO.invokeExact(errno, arena.allocateFrom(path.toString()), 0622) != 0) {
                throw failure("mkfifo", errno);
            }
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// Opens a pipe's reading end at once, whether or not somebody writes.
    static int openForReading(Path path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errno(arena);
            int descriptor = (int) OPEN.invokeExact(errno, arena.allocateFrom(path.toString()),
                    O_RDONLY_NONBLOCK_CLOEXEC);
            if (descriptor < 0) {
                throw failure("open", errno);
            }
            return descriptor;
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// Reads what is there now.
    ///
    /// @return how many bytes; 0 where there are none now, or nobody writes any more
    static int read(int descriptor, MemorySegment into, MemorySegment errno) throws IOException {
        try {
            long count = (long) READ.invokeExact(errno, descriptor, into, into.byteSize());
            if (count >= 0) {
                return (int) count;
            }
            int code = errno.get(JAVA_INT, ERRNO_OFFSET);
            if (code == EAGAIN || code == EINTR) {
                return 0;
            }
            throw failure("read", errno);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static void close(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            int ignored = (int) CLOSE.invokeExact(errno(arena), descriptor);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static int epollCreate() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errno(arena);
            int descriptor = (int) EPOLL_CREATE.invokeExact(errno, EPOLL_CLOEXEC);
            if (descriptor < 0) {
                throw failure("epoll_create1", errno);
            }
            return descriptor;
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// A descriptor that is always ready to be read: to wake whoever waits for events, add it to those.
    static int alwaysReady() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errno(arena);
            int descriptor = (int) EVENTFD.invokeExact(errno, 1, EFD_CLOEXEC);
            if (descriptor < 0) {
                throw failure("eventfd", errno);
            }
            return descriptor;
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /// Reports `key` from now on whenever something new has been written to `descriptor`. Closing the descriptor ends that.
    static void epollAdd(int epoll, int descriptor, long key) throws IOException {
        epollControl(epoll, EPOLL_CTL_ADD, descriptor, key);
    }

    /// Has a descriptor that was added reported anew if there is something to read now.
    static void epollAgain(int epoll, int descriptor, long key) throws IOException {
        epollControl(epoll, EPOLL_CTL_MOD, descriptor, key);
    }

    private static void epollControl(int epoll, int operation, int descriptor, long key) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = errno(arena);
            MemorySegment event = arena.allocate(EVENT_SIZE, 8);
            event.set(JAVA_INT, 0, EPOLLIN_EDGE);
            event.set(JAVA_LONG.withByteAlignment(1), EVENT_DATA, key);
            if ((int) EPOLL_CTL.invokeExact(errno, epoll, operation, descriptor, event) != 0) {
                throw failure("epoll_ctl", errno);
            }
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static MemorySegment epollEvents(Arena arena, int count) {
        return arena.allocate((long) EVENT_SIZE * count, 8);
    }

    /// Waits up to `millis`; -1 waits for ever.
    ///
    /// @return how many events there are; read their keys by [#epollKey]
    static int epollWait(int epoll, MemorySegment events, int millis, MemorySegment errno) throws IOException {
        try {
            int count = (int) EPOLL_WAIT.invokeExact(errno, epoll, events, (int) (events.byteSize() / EVENT_SIZE),
                    millis);
            if (count >= 0) {
                return count;
            }
            if (errno.get(JAVA_INT, ERRNO_OFFSET) == EINTR) {
                return 0;
            }
            throw failure("epoll_wait", errno);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static long epollKey(MemorySegment events, int index) {
        return events.get(JAVA_LONG.withByteAlignment(1), (long) index * EVENT_SIZE + EVENT_DATA);
    }

    private static IOException failure(String call, MemorySegment errno) {
        return new IOException(call + " failed with error " + errno.get(JAVA_INT, ERRNO_OFFSET));
    }

    private static IOException rethrow(Throwable e) {
        return switch (e) {
            case IOException io -> io;
            case Error error -> throw error;
            case RuntimeException runtime -> throw runtime;
            default -> throw new IllegalStateException(e);
        };
    }
}
