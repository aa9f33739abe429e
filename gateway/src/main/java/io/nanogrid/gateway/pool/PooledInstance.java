package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.engine.EngineInstance;
import io.nanogrid.gateway.wire.CallOutput;
import io.nanogrid.gateway.wire.Channel;
import io.nanogrid.gateway.wire.OutputTap;
import java.nio.file.Path;

/// An instance that has greeted: its process, its connection, its output and its state.
final class PooledInstance {

    final String id;
    final InstanceShape shape;
    final EngineInstance process;
    final Channel channel;
    final OutputTap output;
    /// What it printed outside of calls.
    final CallOutput background;
    final Path directory;
    final PeakMemory peakMemory;

    /// Guarded by the pool's lock.
    InstanceState state;
    /// Whether its process has ended. Guarded by the pool's lock.
    boolean ended;

    PooledInstance(
            String id,
            InstanceShape shape,
            EngineInstance process,
            Channel channel,
            OutputTap output,
            CallOutput background,
            Path directory) {
        this.id = id;
        this.shape = shape;
        this.process = process;
        this.channel = channel;
        this.output = output;
        this.background = background;
        this.directory = directory;
        this.peakMemory = new PeakMemory(process);
        this.state = new InstanceState.Starting().greeted();
    }

    @Override
    public String toString() {
        return id;
    }
}
