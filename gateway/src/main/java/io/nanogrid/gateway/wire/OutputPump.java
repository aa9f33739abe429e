package io.nanogrid.gateway.wire;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads what instances print while they run, so that none of them stops at a full pipe. One platform thread for all of them.
public final class OutputPump implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(OutputPump.class);
    private static final int EVENTS = 64;
    /// The key by which the thread learns that it isn't wanted any more; no tap has it.
    private static final long CLOSING = 0;

    private final Map<Long, OutputTap> taps = new ConcurrentHashMap<>();
    private final AtomicLong nextKey = new AtomicLong();
    private final int epoll;
    private final int waker;
    private final Thread thread;
    private volatile boolean closed;

    public OutputPump() throws IOException {
        epoll = NativeIo.epollCreate();
        waker = NativeIo.alwaysReady();
        thread = Thread.ofPlatform().daemon().name("output-pump").start(this::run);
    }

    /// @return the tap's key here
    long watch(OutputTap tap, int out, int err) throws IOException {
        long key = nextKey.incrementAndGet();
        taps.put(key, tap);
        try {
            NativeIo.epollAdd(epoll, out, key);
            NativeIo.epollAdd(epoll, err, key);
        } catch (IOException e) {
            taps.remove(key);
            throw e;
        }
        return key;
    }

    /// A tap has left something unread in `descriptor`: it gets another turn after the others.
    void again(long key, int descriptor) throws IOException {
        if (!closed) {
            NativeIo.epollAgain(epoll, descriptor, key);
        }
    }

    void forget(long key) {
        taps.remove(key);
    }

    private void run() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment events = NativeIo.epollEvents(arena, EVENTS);
            MemorySegment errno = NativeIo.errno(arena);
            while (!closed) {
                int count = NativeIo.epollWait(epoll, events, -1, errno);
                for (int i = 0; i < count; i++) {
                    OutputTap tap = taps.get(NativeIo.epollKey(events, i));
                    if (tap != null) {
                        collect(tap);
                    }
                }
            }
        } catch (IOException e) {
            LOG.error("What functions print can't be read any more", e);
        } finally {
            closed = true;
        }
    }

    private static void collect(OutputTap tap) {
        try {
            tap.collect();
        } catch (RuntimeException | Error e) {
            LOG.error("What an instance has printed can't be kept", e);
        }
    }

    /// To be called once.
    @Override
    public void close() {
        closed = true;
        try {
            NativeIo.epollAdd(epoll, waker, CLOSING);
            thread.join();
            NativeIo.close(waker);
            NativeIo.close(epoll);
        } catch (IOException e) {
            LOG.error("The thread that reads what functions print can't be stopped", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
