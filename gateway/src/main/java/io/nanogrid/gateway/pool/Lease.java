package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.engine.EngineInstance;
import io.nanogrid.gateway.pool.InstanceState.Cause;
import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.wire.CallOutput;
import io.nanogrid.gateway.wire.Frame;
import io.nanogrid.gateway.wire.FrameTooLarge;
import io.nanogrid.gateway.wire.OutputFiles;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// The right to use an instance for one call. Whoever has it closes it; until then nobody else uses the instance.
///
/// Used by one thread.
public final class Lease implements AutoCloseable {

    private final InstancePool pool;
    private final VersionSlot slot;
    private final PooledInstance instance;
    private final boolean cold;
    private final long initNanos;
    private @Nullable Cause verdict;
    private long ranNanos = Long.MAX_VALUE;

    Lease(InstancePool pool, VersionSlot slot, PooledInstance instance, boolean cold, long initNanos) {
        this.pool = pool;
        this.slot = slot;
        this.instance = instance;
        this.cold = cold;
        this.initNanos = initNanos;
    }

    /// Whether this is the instance's first call.
    public boolean cold() {
        return cold;
    }

    /// How long it took to start the instance and load the function for this call, in nanoseconds; 0 for an instance that was there.
    public long initNanos() {
        return initNanos;
    }

    /// Runs one call. What is printed until its answer goes to `output`.
    ///
    /// @param event the event as JSON
    /// @param files takes the files that the call leaves behind; null if they aren't wanted
    /// @param maxBody the longest result that is taken, in bytes
    public Reply call(boolean asValue, @Nullable OutputFiles files, Bytes meta, Bytes event, int maxBody,
            Duration timeout, CallOutput output) {
        instance.output.begin(output);
        long began = System.nanoTime();
        pool.calling(instance, began + timeout.toNanos());
        try {
            Frame answer = instance.channel.invoke(asValue, files, meta, event, maxBody);
            ranNanos = System.nanoTime() - began;
            instance.output.end();
            if (answer.has(Frame.BUSY)) {
                verdict = Cause.BUSY_AFTER_ANSWER;
            }
            return new Reply.Answered(answer);
        } catch (FrameTooLarge e) {
            verdict = Cause.BROKEN;
            instance.output.end();
            return new Reply.TooLarge(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            return ended(e);
        }
    }

    private Reply ended(IOException e) {
        verdict = Cause.BROKEN;
        if (pool.causeOf(instance) == Cause.TIMED_OUT) {
            instance.output.end();
            return new Reply.TimedOut();
        }
        EngineInstance.Exit exit = InstanceFactory.exitOf(instance.process, e);
        instance.output.end();
        return exit == null
                ? new Reply.Violated(String.valueOf(e.getMessage()))
                : new Reply.Exited(exit.code(), exit.outOfMemory());
    }

    /// The most memory that the instance has used in its life so far, in bytes. Up to a tenth of a second old after calls of less than a
    /// millisecond, in which memory can't grow by much: for them the look would be a good part of the cost.
    public OptionalLong peakMemoryBytes() {
        return instance.peakMemory.after(ranNanos);
    }

    /// The instance is idle again, or is destroyed if its call has left it in doubt.
    @Override
    public void close() {
        if (verdict == null && instance.process.hasOrphans()) {
            verdict = Cause.BUSY_AFTER_ANSWER;
        }
        pool.release(slot, instance, verdict);
    }

    /// How a call ended on the wire.
    public sealed interface Reply {

        /// By a result or an error of the function.
        record Answered(Frame frame) implements Reply {
        }

        /// By a result that is longer than the gateway takes.
        record TooLarge(String message) implements Reply {
        }

        /// By force, at its deadline.
        record TimedOut() implements Reply {
        }

        /// By the end of the instance.
        record Exited(int code, boolean outOfMemory) implements Reply {
        }

        /// By something that the protocol doesn't allow.
        record Violated(String message) implements Reply {
        }
    }
}
