package io.nanogrid.gateway.worker;

import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.deploy.FunctionCatalog.Found;
import io.nanogrid.gateway.dispatch.CallSource.Arrived;
import io.nanogrid.gateway.dispatch.Dispatcher;
import io.nanogrid.gateway.dispatch.Invocation;
import io.nanogrid.gateway.dispatch.MalformedMessage;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.dispatch.RemoteCall;
import io.nanogrid.gateway.dispatch.RemoteResult;
import io.nanogrid.gateway.dispatch.ResultBus;
import io.nanogrid.gateway.pool.FunctionVersion;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One call that has arrived, from its opening to its end. Run by one thread; [#leave] and [#breakOff] are for others.
final class RemoteRun {

    private static final Logger LOG = LoggerFactory.getLogger(RemoteRun.class);
    /// Arrivals of a call, of which each but the last may have been at a worker that died or couldn't run it.
    private static final int MOST_ARRIVALS = 3;
    /// For the record of a call that nobody waits for, unless it has a result already.
    private static final String CANCELLED = "cancelled before it began";
    /// Before another worker has a call that this one couldn't run.
    private static final Duration PAUSE = Duration.ofSeconds(1);
    /// So much longer than a function may run its result is offered, while Redis can't be reached.
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    /// Who had to wait so long for an instance may have been given up meanwhile.
    private static final Duration WORTH_A_LOOK = Duration.ofSeconds(1);

    /// What a worker has in common for all its calls.
    ///
    /// @param filesRoom how many bytes are left for files that calls leave behind
    record Means(ResultBus bus, FunctionCatalog functions, Dispatcher dispatcher, AtomicLong filesRoom) {
    }

    private enum Stage {
        /// Its function doesn't run yet.
        WAITING,
        /// Its function runs or has run, or its end is certain without that.
        STARTED,
        /// Not to be started here.
        LEFT,
        /// What comes of its message is decided. No interruption must get in the way of that.
        SETTLED
    }

    /// Ends a call that has an instance and mustn't start.
    private static final class NotStarted extends RuntimeException {
        private static final long serialVersionUID = 1;
        final boolean over;

        NotStarted(boolean over) {
            super(null, null, false, false);
            this.over = over;
        }
    }

    private final Means means;
    private final Arrived arrived;
    private final RemoteCall head;
    private final long began = System.nanoTime();
    private final ReentrantLock lock = new ReentrantLock();
    /// Guarded by the lock, as is the next: who sees that the thread was to be interrupted knows that it has been.
    private Stage stage = Stage.WAITING;
    private @Nullable Thread thread;

    RemoteRun(Means means, Arrived arrived) {
        this.means = means;
        this.arrived = arrived;
        this.head = arrived.head();
    }

    /// Blocks until the call has ended here. Interrupted, it is given back.
    void run() {
        try {
            begin();
            if (arrived.arrivals() > MOST_ARRIVALS) {
                giveUp("the workers that ran it died, each of " + MOST_ARRIVALS + " times");
            } else if (means.bus().over(head.callId())) {
                answer(unavailable(CANCELLED));
            } else {
                open();
            }
        } catch (NotStarted e) {
            if (e.over) {
                answer(unavailable(CANCELLED));
            } else {
                elsewhere("the worker stops", Duration.ZERO);
            }
        } catch (InterruptedException e) {
            elsewhere("the worker stops", Duration.ZERO);
        } catch (RuntimeException | Error e) {
            LOG.error("The call failed in the worker", e);
            elsewhere("the worker failed; its log says why", PAUSE);
        }
    }

    private void open() throws InterruptedException {
        RemoteCall call;
        try {
            call = arrived.open();
        } catch (IOException e) {
            LOG.warn("A call's content can't be read: {}", e.getMessage());
            elsewhere("the call's content can't be read", PAUSE);
            return;
        } catch (MalformedMessage e) {
            giveUp(String.valueOf(e.getMessage()));
            return;
        }
        String id = call.functionId();
        switch (means.functions().find(id, call.version())) {
            case Found.Ready(FunctionVersion version, _) -> run(call, version);
            case Found.Unknown() -> answer(unavailable("the function " + id + " is there no more"));
            case Found.UnknownVersion(int number) -> answer(unavailable("version " + number + " is there no more"));
            case Found.NotDeployed(long callback) ->
                answer(unavailable("callback " + callback + " isn't deployed any more"));
            case Found.Unavailable(String message) -> elsewhere(message, PAUSE);
        }
    }

    private void run(RemoteCall call, FunctionVersion version) throws InterruptedException {
        try (CollectedFiles files = new CollectedFiles(means.filesRoom())) {
            Invocation ended = means.dispatcher().dispatch(call.call(version, files, this::start));
            if (Thread.interrupted()) {
                // Whatever came of it was made by the interruption.
                throw new InterruptedException();
            }
            switch (ended.outcome()) {
                case Outcome.Full _ when arrived.arrivals() < MOST_ARRIVALS ->
                    settle(() -> arrived.giveBack(Duration.ZERO));
                case Outcome.Unavailable(String message) -> elsewhere(message, PAUSE);
                case Outcome.Value _,Outcome.Response _,Outcome.FunctionError _,Outcome.BadResult _,Outcome.TimedOut _,Outcome.Exited _,Outcome.OutOfMemory _,Outcome.Violated _,Outcome.InitFailed _,Outcome.InitDied _,Outcome.Full _ ->
                    answer(files.areLost()
                            ? new RemoteResult(call.functionId(),
                                    ended.withoutFiles("output files left out: the worker has no room for them now"),
                                    List.of())
                            : new RemoteResult(call.functionId(), ended, files.list()), version.timeout());
            }
        }
    }

    /// When the call has its instance.
    private void start() {
        if (System.nanoTime() - began > WORTH_A_LOOK.toNanos() && means.bus().over(head.callId())) {
            throw new NotStarted(true);
        }
        if (!startUnlessLeft()) {
            throw new NotStarted(false);
        }
    }

    private void begin() throws InterruptedException {
        lock.lock();
        try {
            thread = Thread.currentThread();
            if (stage == Stage.LEFT) {
                throw new InterruptedException();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean startUnlessLeft() {
        lock.lock();
        try {
            boolean left = stage == Stage.LEFT;
            if (!left) {
                stage = Stage.STARTED;
            }
            return !left;
        } finally {
            lock.unlock();
        }
    }

    private void settle(Runnable end) {
        lock.lock();
        try {
            stage = Stage.SETTLED;
            Thread.interrupted();
        } finally {
            lock.unlock();
        }
        end.run();
    }

    /// Leaves the call to other workers, unless its function runs.
    void leave() {
        lock.lock();
        try {
            if (stage == Stage.WAITING) {
                stage = Stage.LEFT;
                interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Leaves the call to other workers, unless it is as good as over.
    void breakOff() {
        lock.lock();
        try {
            if (stage != Stage.SETTLED) {
                interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    private void interrupt() {
        if (thread != null) {
            thread.interrupt();
        }
    }

    /// Lets another worker try, or the caller know if this was the last time.
    private void elsewhere(String why, Duration pause) {
        if (arrived.arrivals() < MOST_ARRIVALS) {
            settle(() -> arrived.giveBack(pause));
        } else {
            answer(unavailable(why));
        }
    }

    private void giveUp(String reason) {
        LOG.warn("Call {} is put aside: {}", head.callId(), reason);
        publish(unavailable(reason), PATIENCE);
        settle(() -> arrived.putAside(reason));
    }

    private RemoteResult unavailable(String why) {
        Invocation notRun = new Invocation(head.requestId(), new Outcome.Unavailable(why), Instant.EPOCH, 0, 0, 0, true,
                OptionalLong.empty(), "", "", false, List.of());
        return new RemoteResult(head.functionId(), notRun, List.of());
    }

    private void answer(RemoteResult result) {
        answer(result, Duration.ZERO);
    }

    /// The message goes when the result is there: a worker that dies in between has the call run again, and nobody waits in vain.
    private void answer(RemoteResult result, Duration timeout) {
        publish(result, timeout.plus(PATIENCE));
        settle(arrived::done);
    }

    private void publish(RemoteResult result, Duration patience) {
        try {
            if (!startUnlessLeft()) {
                // By whom it is left; the answer is as good as another worker's would be.
                Thread.interrupted();
            }
            if (!means.bus().publish(head.callId(), head.replyTo(), result.json(), patience)) {
                LOG.info("Call {} has another result already; this one is dropped", head.callId());
            }
        } catch (ResultBus.Unreachable e) {
            LOG.error("The result of call {} is lost: {}", head.callId(), e.getMessage());
        } catch (InterruptedException e) {
            LOG.warn("The result of call {} is lost: the worker stops while it can't be handed over", head.callId());
        }
    }
}
