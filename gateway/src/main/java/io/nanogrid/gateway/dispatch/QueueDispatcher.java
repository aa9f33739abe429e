package io.nanogrid.gateway.dispatch;

import io.nanogrid.gateway.dispatch.RemoteResult.OutputFile;
import io.nanogrid.gateway.dispatch.ResultBus.Awaited;
import io.nanogrid.gateway.wire.OutputSink;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Has calls run by workers: sends each to the queue and waits for its result. Whoever stops waiting, for whatever reason, has the call cancelled, which
/// keeps it from running if it hasn't begun.
public final class QueueDispatcher implements Dispatcher {

    /// For the way there and back, the wait for an instance, and once for the time after which another worker notices that the first one
    /// is gone.
    public static final Duration ALLOWANCE = Duration.ofSeconds(30);

    /// How often to look whether the caller is still there.
    private static final long LOOK_NANOS = Duration.ofSeconds(1).toNanos();
    private static final Logger LOG = LoggerFactory.getLogger(QueueDispatcher.class);

    private final CallQueue calls;
    private final ResultBus bus;
    private final String gatewayId;
    private final InstantSource clock;
    private final Duration allowance;

    /// @param gatewayId the one that `bus` listens for
    /// @param allowance how much longer than the function may run a result is waited for
    public QueueDispatcher(CallQueue calls, ResultBus bus, String gatewayId, InstantSource clock, Duration allowance) {
        this.calls = calls;
        this.bus = bus;
        this.gatewayId = gatewayId;
        this.clock = clock;
        this.allowance = allowance;
    }

    @Override
    public Invocation dispatch(Call call) throws InterruptedException {
        String callId = UUID.randomUUID().toString();
        Instant startedAt = clock.instant();
        long asked = System.nanoTime();
        boolean answered = false;
        try (Awaited awaited = bus.await(callId)) {
            calls.send(RemoteCall.of(callId, call, gatewayId));
            Duration timeout = call.version().timeout();
            Optional<byte[]> result = result(awaited, callId, asked + timeout.plus(allowance).toNanos());
            answered = result.isPresent();
            return answered
                    ? here(call, RemoteResult.read(result.orElseThrow()), startedAt, asked)
                    : Invocation.ended(call, new Outcome.TimedOut(timeout), startedAt, asked, "");
        } catch (CallQueue.Unreachable e) {
            LOG.warn("The call can't be sent to workers: {}", e.getMessage());
            return Invocation.ended(call, new Outcome.Unavailable("the queue of calls can't be reached"), startedAt,
                    asked,
                    "");
        } catch (MalformedMessage e) {
            LOG.error("What a worker says of the call can't be understood: {}", e.getMessage());
            return Invocation.ended(call,
                    new Outcome.Unavailable("a worker's answer can't be read; its version may be another"), startedAt,
                    asked, "");
        } finally {
            if (!answered) {
                bus.cancel(callId);
            }
        }
    }

    /// Waits on when the caller hangs up: a call that runs by then ends as it would, and one that doesn't is soon said not to.
    private Optional<byte[]> result(Awaited awaited, String callId, long deadline) throws InterruptedException {
        boolean cancelled = false;
        while (true) {
            long left = Math.max(0, deadline - System.nanoTime());
            Optional<byte[]> result = awaited.result(Duration.ofNanos(Math.min(left, LOOK_NANOS)));
            if (result.isPresent() || left <= LOOK_NANOS) {
                return result;
            }
            if (!cancelled && Caller.isGone()) {
                bus.cancel(callId);
                cancelled = true;
            }
        }
    }

    /// The call as it is seen from here: by this machine's clock, and with all the time that it spent elsewhere than in the function.
    private static Invocation here(Call call, RemoteResult result, Instant startedAt, long asked) {
        OutputSink sink = call.files();
        if (sink != null) {
            for (OutputFile file : result.files()) {
                sink.begin(file.path(), file.content().size());
                sink.write(ByteBuffer.wrap(file.content().array()).asReadOnlyBuffer());
            }
        }
        Invocation there = result.invocation();
        long elsewhere = System.nanoTime() - asked - there.initNanos() - there.runNanos();
        return new Invocation(call.requestId(), there.outcome(), startedAt, Math.max(0, elsewhere), there.initNanos(),
                there.runNanos(), there.cold(), there.peakMemoryBytes(), there.stdout(), there.stderr(),
                there.outputCut(), there.files());
    }
}
