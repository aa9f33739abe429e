package io.nanogrid.gateway.dispatch;

import io.nanogrid.gateway.pool.Acquired;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.Lease;
import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.wire.CallOutput;
import io.nanogrid.gateway.wire.Frame;
import io.nanogrid.gateway.wire.FrameKind;
import io.nanogrid.gateway.wire.OutputFiles;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Runs calls on this machine's own instances.
public final class LocalDispatcher implements Dispatcher {

    private final InstancePool pool;
    private final InstantSource clock;
    private final int maxResultBytes;
    private final int outputBytes;

    /// @param maxResultBytes the longest result that is taken
    /// @param outputBytes how much of what a call prints is kept of each of its two streams
    public LocalDispatcher(InstancePool pool, InstantSource clock, int maxResultBytes, int outputBytes) {
        this.pool = pool;
        this.clock = clock;
        this.maxResultBytes = maxResultBytes;
        this.outputBytes = outputBytes;
    }

    @Override
    public Invocation dispatch(Call call) throws InterruptedException {
        Instant startedAt = clock.instant();
        long asked = System.nanoTime();
        return run(call, pool.acquire(call.version()), startedAt, asked);
    }

    /// Ends at once as [Outcome.Full] where the call would have to wait for others to end.
    Invocation dispatchIfRoom(Call call) throws InterruptedException {
        Instant startedAt = clock.instant();
        long asked = System.nanoTime();
        return run(call, pool.acquireIfRoom(call.version()), startedAt, asked);
    }

    private Invocation run(Call call, Acquired acquired, Instant startedAt, long asked) {
        return switch (acquired) {
            case Acquired.Granted(Lease lease) -> run(call, lease, startedAt, System.nanoTime() - asked);
            case Acquired.Full(boolean ownLimit, Duration retryAfter) ->
                Invocation.ended(call, new Outcome.Full(ownLimit, retryAfter), startedAt, asked, "");
            case Acquired.InitFailed(Bytes detail, String output) ->
                Invocation.ended(call, new Outcome.InitFailed(detail), startedAt, asked, output);
            case Acquired.InitDied(String message, boolean outOfMemory, String output) ->
                Invocation.ended(call, new Outcome.InitDied(message, outOfMemory), startedAt, asked, output);
            case Acquired.Unavailable(String message) ->
                Invocation.ended(call, new Outcome.Unavailable(message), startedAt, asked, "");
        };
    }

    private Invocation run(Call call, Lease lease, Instant startedAt, long waited) {
        try (lease) {
            FunctionVersion version = call.version();
            CallOutput output = new CallOutput(outputBytes);
            long began = System.nanoTime();
            Bytes meta = call.meta().apply(clock.millis() + version.timeout().toMillis());
            OutputFiles files = call.files() == null ? null : new OutputFiles(call.files());
            Lease.Reply reply = lease.call(call.asValue(), files, meta, call.event(), maxResultBytes,
                    version.timeout(), output);
            if (reply instanceof Lease.Reply.Answered(Frame frame) && isBadEvent(frame)) {
                // The handler hasn't run, so this is still the same call.
                reply = lease.call(call.asValue(), files, meta, call.wrappedEvent().get(), maxResultBytes,
                        version.timeout(), output);
            }
            long ran = System.nanoTime() - began;
            return new Invocation(call.requestId(), outcome(reply, version), startedAt,
                    Math.max(0, waited - lease.initNanos()),
                    lease.initNanos(), ran, lease.cold(), lease.peakMemoryBytes(), output.stdout(), output.stderr(),
                    output.dropped() > 0, collected(reply, files));
        }
    }

    private static List<String> collected(Lease.Reply reply, @Nullable OutputFiles files) {
        return files != null && reply instanceof Lease.Reply.Answered ? files.list() : List.of();
    }

    private static boolean isBadEvent(Frame frame) {
        return frame.kind() == FrameKind.ERROR && frame.has(Frame.BAD_EVENT);
    }

    private static Outcome outcome(Lease.Reply reply, FunctionVersion version) {
        return switch (reply) {
            case Lease.Reply.Answered(Frame frame) when frame.kind() == FrameKind.ERROR ->
                frame.has(Frame.BAD_RESULT)
                        ? new Outcome.BadResult(frame.meta())
                        : new Outcome.FunctionError(frame.meta());
            case Lease.Reply.Answered(Frame frame) when frame.has(Frame.RESPONSE) ->
                new Outcome.Response(frame.meta(), frame.body(), frame.has(Frame.JSON_BODY));
            case Lease.Reply.Answered(Frame frame) -> new Outcome.Value(frame.body());
            case Lease.Reply.TooLarge(String message) -> new Outcome.BadResult(
                    Bytes.utf8("{\"errorType\":\"ResultTooLarge\",\"errorMessage\":\"" + message + "\"}"));
            case Lease.Reply.TimedOut() -> new Outcome.TimedOut(version.timeout());
            case Lease.Reply.Exited(int code, boolean outOfMemory) ->
                outOfMemory ? new Outcome.OutOfMemory(version.memoryMb()) : new Outcome.Exited(code);
            case Lease.Reply.Violated(String message) -> new Outcome.Violated(message);
        };
    }
}
