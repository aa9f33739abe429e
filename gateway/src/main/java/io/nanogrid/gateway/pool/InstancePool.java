package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.pool.InstanceState.Busy;
import io.nanogrid.gateway.pool.InstanceState.Cause;
import io.nanogrid.gateway.pool.InstanceState.Idle;
import io.nanogrid.gateway.pool.VersionSlot.Waiter;
import io.nanogrid.spi.RuntimeDescriptor;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Keeps instances and lends them to calls: an idle one of the version if there is one, else a stem that is given the function, else a
/// new one. Calls of one version are served in the order in which they came.
///
/// Safe for use by many threads. One lock guards every field, every slot and every instance's state; nothing blocks while it is held:
/// instances are made and destroyed by [Supply], whose threads take the lock again to enter what came of it.
public final class InstancePool implements AutoCloseable {

    /// How often the sweeper looks. The deadline of a call, and of its wait for an instance, is kept to this.
    private static final Duration BEAT = Duration.ofMillis(10);

    final ReentrantLock lock = new ReentrantLock();
    private final Condition gone = lock.newCondition();
    /// Guarded by the lock.
    final PoolBooks books;
    private final PoolConfig config;
    private final Sweeper sweeper;

    public InstancePool(InstanceFactory factory, PoolConfig config) {
        this.config = config;
        this.books = new PoolBooks(this, config, new Supply(this, factory));
        this.sweeper = new Sweeper(this, BEAT);
    }

    /// Lends an instance of `version`, waiting for one if need be.
    public Acquired acquire(FunctionVersion version) throws InterruptedException {
        return acquire(version, true);
    }

    /// As [#acquire], but where the wait would be for other calls to end the answer is [Acquired.Full] at once.
    public Acquired acquireIfRoom(FunctionVersion version) throws InterruptedException {
        return acquire(version, false);
    }

    private Acquired acquire(FunctionVersion version, boolean patient) throws InterruptedException {
        long now = System.nanoTime();
        Waiter waiter;
        lock.lock();
        try {
            if (books.closed) {
                return new Acquired.Unavailable("the gateway is shutting down");
            }
            if (version.memoryMb() > config.memoryBudgetMb()) {
                return new Acquired.Unavailable("the function asks for " + version.memoryMb()
                        + " MiB, and all instances together may have " + config.memoryBudgetMb()
                        + ": give the function less or raise MEMORY_BUDGET_MB");
            }
            VersionSlot slot = books.slot(version);
            PooledInstance idle = slot.waiters.isEmpty() && books.mayRunOneMore(slot) ? slot.idle.pollLast() : null;
            if (idle != null) {
                idle.state = ((Idle) idle.state).taken(now);
                slot.busy.add(idle);
                return new Acquired.Granted(new Lease(this, slot, idle, false, 0));
            }
            if (slot.waiters.size() >= config.queueLength() || !patient && !books.hasRoom(slot, now)) {
                return slot.full();
            }
            waiter = new Waiter(now);
            books.waits(slot, waiter);
        } finally {
            lock.unlock();
        }
        return await(waiter);
    }

    /// Without a timer of its own, which would cost more than the wait mostly takes: the sweeper ends what takes too long.
    private static Acquired await(Waiter waiter) throws InterruptedException {
        try {
            Acquired answer = waiter.answer.get();
            if (!Thread.interrupted()) {
                return answer;
            }
        } catch (InterruptedException e) {
            // Said again below, when what may have come meanwhile has been given back.
        } catch (ExecutionException e) {
            throw new IllegalStateException("a waiter is never failed", e);
        }
        if (giveUp(waiter) instanceof Acquired.Granted(Lease lease)) {
            lease.close();
        }
        throw new InterruptedException();
    }

    /// Stops waiting, unless an answer has just come.
    private static Acquired giveUp(Waiter waiter) {
        Acquired nothing = new Acquired.Unavailable("nobody waits for it any more");
        return waiter.answer.complete(nothing) ? nothing : waiter.answer.join();
    }

    /// Has a stem of `runtime` made, so that its first function needn't wait for a start.
    public void stock(RuntimeDescriptor runtime) {
        InstanceShape shape = new InstanceShape(runtime, config.stemMemoryMb(), false, null);
        change(() -> books.stems.keep(shape, System.nanoTime()));
    }

    private void change(Runnable entry) {
        lock.lock();
        try {
            entry.run();
        } finally {
            lock.unlock();
        }
    }

    private <T extends @Nullable Object> T read(Supplier<T> look) {
        lock.lock();
        try {
            return look.get();
        } finally {
            lock.unlock();
        }
    }

    /// An instance has greeted.
    void greeted(PooledInstance instance) {
        change(() -> books.alive.add(instance));
        instance.process.onExit().thenRun(() -> ended(instance));
    }

    /// A stem is ready for the shelf.
    void stocked(PooledInstance stem) {
        change(() -> {
            books.stems.arrived(stem);
            boolean wanted = !books.closed && books.stems.isDemanded(stem.shape);
            if (!wanted && books.stems.remove(stem)) {
                books.retire(stem, Cause.RETIRED);
            }
            gone.signalAll();
        });
    }

    /// No stem came of it.
    void notStocked(InstanceShape shape) {
        change(() -> {
            books.stems.failed(shape);
            books.memory.release(shape.memoryMb());
            gone.signalAll();
        });
    }

    boolean isClosed() {
        return read(() -> books.closed);
    }

    /// An instance has loaded the slot's function.
    void supplied(VersionSlot slot, PooledInstance instance, long initNanos) {
        change(() -> books.supplied(slot, instance, initNanos));
    }

    /// No instance came of it, and whoever waits for nothing else learns why.
    void notSupplied(VersionSlot slot, @Nullable PooledInstance instance, Acquired failure) {
        List<Waiter> disappointed = read(() -> {
            gone.signalAll();
            return books.notSupplied(slot, instance);
        });
        disappointed.forEach(waiter -> waiter.answer.complete(failure));
    }

    /// Called when a call begins on a lent instance.
    void calling(PooledInstance instance, long deadlineNanos) {
        lock.lock();
        try {
            if (instance.state instanceof Busy busy) {
                instance.state = busy.calling(deadlineNanos);
            }
        } finally {
            lock.unlock();
        }
    }

    @Nullable
    Cause causeOf(PooledInstance instance) {
        return read(() -> instance.state.cause());
    }

    /// Takes a lent instance back.
    ///
    /// @param verdict why it can't be used again, or null if it can
    void release(VersionSlot slot, PooledInstance instance, @Nullable Cause verdict) {
        lock.lock();
        try {
            if (!(instance.state instanceof Busy busy)) {
                slot.busy.remove(instance);
                books.forgetIfUnused(slot);
                return;
            }
            slot.brief.ended(System.nanoTime() - busy.sinceNanos());
            if (verdict == null) {
                books.settle(slot, instance, false, 0);
            } else {
                slot.busy.remove(instance);
                books.retire(instance, verdict);
                books.lendIdle(slot, System.nanoTime());
                books.growWhereCallsWait(System.nanoTime());
                books.forgetIfUnused(slot);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Nothing of an instance is left.
    void gone(PooledInstance instance) {
        change(() -> {
            books.alive.remove(instance);
            instance.state = instance.state.draining(Cause.RETIRED).gone();
            books.memory.left(instance.shape.memoryMb());
            gone.signalAll();
            books.growWhereCallsWait(System.nanoTime());
        });
    }

    /// Its process has ended by itself. During a call the call notices.
    void ended(PooledInstance instance) {
        change(() -> books.ended(instance));
    }

    /// The version takes calls again that was retired.
    public void readmit(FunctionVersion.Key key) {
        change(() -> books.readmit(key));
    }

    /// The version takes no more calls: its idle instances go now, its busy ones when they have answered.
    public void retire(FunctionVersion.Key key) {
        change(() -> books.retire(key));
    }

    void sweep(long now) {
        change(() -> books.sweep(now));
    }

    /// A moment's figures.
    public PoolStatus status() {
        return read(books::status);
    }

    /// Since the pool was made.
    public ColdStarts coldStarts() {
        return read(() -> books.coldStarts);
    }

    /// Destroys every instance, lent ones too, and waits until they are gone.
    @Override
    public void close() {
        sweeper.close();
        lock.lock();
        try {
            books.closed = true;
            books.slots.values().forEach(slot -> {
                slot.waiters.forEach(
                        waiter -> waiter.answer.complete(new Acquired.Unavailable("the gateway is shutting down")));
                slot.waiters.clear();
            });
            books.alive.forEach(instance -> {
                books.forget(instance);
                books.retire(instance, Cause.RETIRED);
            });
            long patience = config.startTimeout().toNanos();
            while ((!books.alive.isEmpty() || books.starting() > 0) && patience > 0) {
                patience = gone.awaitNanos(patience);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
