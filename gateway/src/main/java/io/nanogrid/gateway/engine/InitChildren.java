package io.nanogrid.gateway.engine;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/// The children of an instance's init process, of which one is the runtime. Safe for use by many threads.
public final class InitChildren implements Closeable {

    private final KernelFile pids;

    /// @param init pid on the host
    /// @throws IOException if the host's files don't show the process
    public InitChildren(long init) throws IOException {
        this.pids = new KernelFile(Path.of("/proc/" + init + "/task/" + init + "/children"));
    }

    /// Whether init has more children than the runtime: only processes whose parent has ended come to it. True where that can't be read any
    /// more.
    public boolean hasOrphans() {
        String all = pids.read();
        return all == null || all.strip().indexOf(' ') > 0;
    }

    @Override
    public void close() {
        pids.close();
    }
}
