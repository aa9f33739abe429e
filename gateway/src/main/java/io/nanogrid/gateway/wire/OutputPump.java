package io.nanogrid.gateway.wire;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads what instances print while they run, so that none of them stops at a full pipe. One platform thread for all of them.
public final class OutputPump implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(OutputPump.class);
    private static final int EVENTS = 64;
    /// How often the thread looks whether it is still wanted.
    private static final int LOOK_MILLIS = 500;

    private final Map<Long, OutputTap> taps = new ConcurrentHashMap<>();
    private final Set<OutputTap> unfinished = ConcurrentHashMap.newKeySet();
    private final AtomicLong nextKey = new AtomicLong();
    private final int epoll;
    private final Thread thread;
    private volatile boolean closed;

    public OutputPump() throws IOException {
        epoll = NativeIo.epollCreate();
        thread = Thread.ofPlatform().daemon().name("output-pump").start(this::run);
    }

    void watch(OutputTap tap, int out, int err) throws IOException {
        long key = nextKey.incrementAndGet();
        taps.put(key, tap);
        NativeIo.epollAdd(epoll, out, key);
        NativeIo.epollAdd(epoll, err, key);
    }

    /// Has a tap read again soon, which the kernel may have no reason to report.
    void comeBack(OutputTap tap) {
        unfinished.add(tap);
    }

    void forget(OutputTap tap) {
        taps.values().removeIf(tap::equals);
        unfinished.remove(tap);
    }

    private void run() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment events = NativeIo.epollEvents(arena, EVENTS);
            MemorySegment errno = NativeIo.errno(arena);
            while (!closed) {
                int count = NativeIo.epollWait(epoll, events, unfinished.isEmpty() ? LOOK_MILLIS : 0, errno);
                List<OutputTap> again = List.copyOf(unfinished);
                unfinished.removeAll(again);
                again.forEach(OutputTap::collect);
                for (int i = 0; i < count; i++) {
                    OutputTap tap = taps.get(NativeIo.epollKey(events, i));
                    if (tap != null) {
                        tap.collect();
                    }
                }
            }
        } catch (IOException e) {
            LOG.error("What functions print can't be read any more", e);
        } finally {
            NativeIo.close(epoll);
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
