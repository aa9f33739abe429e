package io.nanogrid.gateway.worker;

import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.dispatch.CallSource;
import io.nanogrid.gateway.dispatch.CallSource.Arrived;
import io.nanogrid.gateway.dispatch.Dispatcher;
import io.nanogrid.gateway.dispatch.ResultBus;
import io.nanogrid.gateway.logs.CurrentRequest;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Runs the calls that gateways have sent to workers, each in a virtual thread, and hands over their results. Safe for use by many threads.
public final class CallRunner implements AutoCloseable {

    /// How long an interrupted call may take to give back its instance.
    private static final Duration LETTING_GO = Duration.ofSeconds(10);

    private final CallSource source;
    private final RemoteRun.Means means;
    private final int most;
    private final Duration drain;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    /// Guarded by the lock, as are the next two.
    private final Set<RemoteRun> running = new HashSet<>();
    private boolean stopping;
    private long stopBy;

    /// @param most calls that are here at once
    /// @param filesBytes how long all files together may be that calls leave behind, until they are handed over
    /// @param drain how long running calls may go on when the worker stops
    public CallRunner(CallSource source, ResultBus bus, FunctionCatalog functions, Dispatcher dispatcher, int most,
            long filesBytes, Duration drain) {
        this.source = source;
        this.means = new RemoteRun.Means(bus, functions, dispatcher, new AtomicLong(filesBytes));
        this.most = most;
        this.drain = drain;
    }

    /// Begins. To be called once.
    public void start() {
        source.start(this::room, this::take);
    }

    private int room() {
        return Math.max(0, most - running());
    }

    /// How many calls are here at the moment.
    public int running() {
        lock.lock();
        try {
            return running.size();
        } finally {
            lock.unlock();
        }
    }

    private void take(Arrived arrived) {
        RemoteRun run = new RemoteRun(means, arrived);
        Thread thread = Thread.ofVirtual().name("call-" + arrived.head().callId()).unstarted(() -> run(run, arrived));
        lock.lock();
        try {
            if (!stopping) {
                running.add(run);
                thread.start();
                return;
            }
        } finally {
            lock.unlock();
        }
        arrived.giveBack(Duration.ZERO);
    }

    private void run(RemoteRun run, Arrived arrived) {
        CurrentRequest.begin(arrived.head().requestId());
        try {
            run.run();
        } finally {
            lock.lock();
            try {
                running.remove(run);
                ended.signalAll();
            } finally {
                lock.unlock();
            }
            source.wake();
        }
    }

    /// From here on no call begins, those that haven't go to other workers, and the time runs for the others. Doesn't wait.
    public void drain() {
        lock.lock();
        try {
            if (stopping) {
                return;
            }
            stopping = true;
            stopBy = System.nanoTime() + drain.toNanos();
            source.stop();
            running.forEach(RemoteRun::leave);
        } finally {
            lock.unlock();
        }
    }

    /// Waits for running calls until their time is over, and has the others run by other workers.
    @Override
    public void close() {
        drain();
        try {
            if (!awaitEnd(stopBy)) {
                lock.lock();
                try {
                    running.forEach(RemoteRun::breakOff);
                } finally {
                    lock.unlock();
                }
                awaitEnd(System.nanoTime() + LETTING_GO.toNanos());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        source.close();
    }

    private boolean awaitEnd(long deadline) throws InterruptedException {
        lock.lock();
        try {
            long left = deadline - System.nanoTime();
            while (!running.isEmpty() && left > 0) {
                left = ended.awaitNanos(left);
            }
            return running.isEmpty();
        } finally {
            lock.unlock();
        }
    }
}
