package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.pool.InstanceState.Busy;
import io.nanogrid.gateway.pool.InstanceState.Cause;
import io.nanogrid.gateway.pool.InstanceState.Idle;
import io.nanogrid.gateway.pool.InstanceState.Stem;
import io.nanogrid.gateway.pool.VersionSlot.Waiter;
import io.nanogrid.spi.RuntimeDescriptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Keeps instances and lends them to calls: an idle one of the version if there is one, else a stem that is given the function, else a
/// new one. Calls of one version are served in the order in which they came.
///
/// Safe for use by many threads. One lock guards every field, every slot and every instance's state; nothing blocks while it is held:
/// instances are made and destroyed by [Supply], whose threads take the lock again to enter what came of it.
public final class InstancePool implements AutoCloseable {

    /// How often the sweeper looks. The deadline of a call is kept to this.
    private static final Duration BEAT = Duration.ofMillis(10);
    /// After this long without a single instance, a version gets one that another version would otherwise keep.
    private static final long STARVING_NANOS = Duration.ofMillis(100).toNanos();

    final ReentrantLock lock = new ReentrantLock();
    final MemoryBudget memory;
    final StemShelf stems;
    /// Every instance that has greeted and isn't gone.
    final Set<PooledInstance> alive = new HashSet<>();
    private final Condition gone = lock.newCondition();
    private final Map<FunctionVersion.Key, VersionSlot> slots = new HashMap<>();
    private final PoolConfig config;
    private final Supply supply;
    private final Sweeper sweeper;
    private boolean someoneStarves;
    private boolean closed;

    public InstancePool(InstanceFactory factory, PoolConfig config) {
        this.config = config;
        this.memory = new MemoryBudget(config.memoryBudgetMb());
        this.stems = new StemShelf(config.stems());
        this.supply = new Supply(this, factory);
        this.sweeper = new Sweeper(this, BEAT);
    }

    /// Lends an instance of `version`, waiting for one if need be.
    public Acquired acquire(FunctionVersion version) throws InterruptedException {
        long now = System.nanoTime();
        Waiter waiter;
        lock.lock();
        try {
            if (closed) {
                return new Acquired.Unavailable("the gateway is shutting down");
            }
            if (version.memoryMb() > config.memoryBudgetMb()) {
                return new Acquired.Unavailable("the function asks for " + version.memoryMb()
                        + " MiB, and all instances together may have " + config.memoryBudgetMb()
                        + ": give the function less or raise MEMORY_BUDGET_MB");
            }
            VersionSlot slot = slots.computeIfAbsent(version.key(), _ -> new VersionSlot(version, limitOf(version)));
            PooledInstance idle = slot.waiters.isEmpty() ? slot.idle.pollLast() : null;
            if (idle != null) {
                idle.state = ((Idle) idle.state).taken(now);
                slot.busy.add(idle);
                return new Acquired.Granted(new Lease(this, slot, idle, false, 0));
            }
            if (slot.waiters.size() >= config.queueLength()) {
                return full(version);
            }
            waiter = new Waiter(now);
            slot.waiters.add(waiter);
            if (!someoneStarves) {
                grow(slot, now);
            }
        } finally {
            lock.unlock();
        }
        return await(waiter, version);
    }

    private Acquired await(Waiter waiter, FunctionVersion version) throws InterruptedException {
        try {
            return waiter.answer.get(config.queueWait().toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return giveUp(waiter, full(version));
        } catch (InterruptedException e) {
            if (giveUp(waiter, full(version)) instanceof Acquired.Granted(Lease lease)) {
                lease.close();
            }
            throw e;
        } catch (ExecutionException e) {
            throw new IllegalStateException("a waiter is never failed", e);
        }
    }

    /// Stops waiting, unless an answer has just come.
    private static Acquired giveUp(Waiter waiter, Acquired instead) {
        return waiter.answer.complete(instead) ? instead : waiter.answer.join();
    }

    private static Acquired full(FunctionVersion version) {
        return new Acquired.Full(version.concurrency() != null, Duration.ofSeconds(1));
    }

    private int limitOf(FunctionVersion version) {
        Integer own = version.concurrency();
        int asked = own == null ? config.defaultConcurrency() : own;
        return Math.max(1, Math.min(asked, config.memoryBudgetMb() / version.memoryMb()));
    }

    /// Starts as many instances as the waiting calls are worth. Under the lock.
    private void grow(VersionSlot slot, long now) {
        while (slot.starting < slot.waiters.size() && slot.size() < slot.limit && worthOneMore(slot, now)) {
            InstanceShape shape = slot.version.shape();
            PooledInstance stem = stems.take(shape);
            if (stem == null && !makeRoom(shape.memoryMb(), slot)) {
                return;
            }
            slot.starting++;
            supply.supply(slot, stem, now);
            stems.demand(shape);
        }
    }

    private boolean worthOneMore(VersionSlot slot, long now) {
        Waiter first = slot.waiters.peek();
        return slot.size() < config.eager() || (first != null && now - first.sinceNanos >= config.patience().toNanos());
    }

    /// Reserves memory, if need be at the price of what nobody uses at the moment: that is freed in the background, and whoever
    /// waits is looked at again then.
    private boolean makeRoom(int megabytes, VersionSlot beneficiary) {
        while (!memory.reserve(megabytes)) {
            if (memory.willSuffice(megabytes)) {
                return false;
            }
            PooledInstance victim = takeLeastRecentlyUsed(beneficiary);
            if (victim == null) {
                victim = stems.takeAny();
            }
            if (victim == null) {
                return false;
            }
            retire(victim, Cause.RETIRED);
        }
        return true;
    }

    private @Nullable PooledInstance takeLeastRecentlyUsed(VersionSlot except) {
        VersionSlot owner = null;
        for (VersionSlot slot : slots.values()) {
            if (slot != except && slot.oldestIdleSince() < (owner == null ? Long.MAX_VALUE : owner.oldestIdleSince())) {
                owner = slot;
            }
        }
        return owner == null ? null : owner.idle.pollFirst();
    }

    /// Keeps a stem of that shape ready from now on. Does nothing where a stem is of no use, or memory is short.
    private void restock(InstanceShape shape) {
        if (!closed && stems.wants(shape) && memory.reserve(shape.memoryMb())) {
            stems.coming(shape);
            supply.stock(shape);
        }
    }

    /// Has a stem of `runtime` made, so that its first function needn't wait for a start.
    public void stock(RuntimeDescriptor runtime) {
        lock.lock();
        try {
            stems.demand(new InstanceShape(runtime, config.stemMemoryMb(), false, null));
        } finally {
            lock.unlock();
        }
    }

    /// Gives an instance that is nobody's at the moment to the next caller, or lets it rest. Under the lock.
    void settle(VersionSlot slot, PooledInstance instance, boolean fresh, long initNanos) {
        long now = System.nanoTime();
        // One that has ended since its answer wouldn't be reported again.
        boolean ended = instance.process.onExit().isDone();
        if (closed || ended || (slot.waiters.isEmpty() && slot.retired) || (someoneStarves && !fresh)) {
            slot.busy.remove(instance);
            retire(instance, Cause.RETIRED);
            return;
        }
        for (Waiter waiter; (waiter = slot.waiters.poll()) != null;) {
            instance.state = ((Busy) instance.state).handedOver(now);
            if (waiter.answer.complete(new Acquired.Granted(new Lease(this, slot, instance, fresh, initNanos)))) {
                return;
            }
        }
        slot.busy.remove(instance);
        slot.idle.addLast(instance);
        instance.state = ((Busy) instance.state).freed(now);
    }

    /// An instance has greeted.
    void greeted(PooledInstance instance) {
        lock.lock();
        try {
            alive.add(instance);
        } finally {
            lock.unlock();
        }
        instance.process.onExit().thenRun(() -> ended(instance));
    }

    /// A stem is ready for the shelf.
    void stocked(PooledInstance stem) {
        lock.lock();
        try {
            stems.arrived(stem);
            if (closed && stems.remove(stem)) {
                retire(stem, Cause.RETIRED);
            }
            gone.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// No stem came of it.
    void notStocked(InstanceShape shape) {
        lock.lock();
        try {
            stems.notComing(shape);
            memory.release(shape.memoryMb());
            gone.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /// An instance has loaded the slot's function. Under the lock.
    void supplied(VersionSlot slot, PooledInstance instance, long initNanos) {
        slot.starting--;
        if (instance.state instanceof Stem stem) {
            instance.state = stem.specialized(System.nanoTime());
            slot.busy.add(instance);
            settle(slot, instance, true, initNanos);
        }
    }

    /// No instance came of it, and whoever waits learns why.
    void notSupplied(VersionSlot slot, @Nullable PooledInstance instance, Acquired failure) {
        List<Waiter> disappointed;
        lock.lock();
        try {
            slot.starting--;
            disappointed = new ArrayList<>(slot.waiters);
            slot.waiters.clear();
            if (instance == null) {
                memory.release(slot.version.memoryMb());
            } else {
                retire(instance, Cause.BROKEN);
            }
            forgetIfUnused(slot);
            gone.signalAll();
        } finally {
            lock.unlock();
        }
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
        lock.lock();
        try {
            return instance.state.cause();
        } finally {
            lock.unlock();
        }
    }

    /// Takes a lent instance back.
    ///
    /// @param verdict why it can't be used again, or null if it can
    void release(VersionSlot slot, PooledInstance instance, @Nullable Cause verdict) {
        lock.lock();
        try {
            if (!(instance.state instanceof Busy)) {
                slot.busy.remove(instance);
                forgetIfUnused(slot);
            } else if (verdict == null) {
                settle(slot, instance, false, 0);
            } else {
                slot.busy.remove(instance);
                retire(instance, verdict);
                growWhereCallsWait(System.nanoTime());
                forgetIfUnused(slot);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Has an instance destroyed. Under the lock; whoever calls has taken it out of where it was kept.
    void retire(PooledInstance instance, Cause cause) {
        if (instance.state.cause() == null) {
            instance.state = instance.state.draining(cause);
            memory.leaving(instance.shape.memoryMb());
            supply.destroy(instance);
        }
    }

    /// Nothing of an instance is left.
    void gone(PooledInstance instance) {
        lock.lock();
        try {
            alive.remove(instance);
            instance.state = instance.state.draining(Cause.RETIRED).gone();
            memory.left(instance.shape.memoryMb());
            gone.signalAll();
            growWhereCallsWait(System.nanoTime());
        } finally {
            lock.unlock();
        }
    }

    /// Its process has ended by itself. During a call the call notices.
    void ended(PooledInstance instance) {
        lock.lock();
        try {
            if (instance.state instanceof Idle) {
                slots.values().forEach(slot -> slot.idle.remove(instance));
                retire(instance, Cause.BROKEN);
            } else if (instance.state instanceof Stem && stems.remove(instance)) {
                retire(instance, Cause.BROKEN);
            }
        } finally {
            lock.unlock();
        }
    }

    /// The version takes no more calls: its idle instances go now, its busy ones when they have answered.
    public void retire(FunctionVersion.Key key) {
        lock.lock();
        try {
            VersionSlot slot = slots.get(key);
            if (slot != null) {
                slot.retired = true;
                slot.takeIdle(_ -> true).forEach(instance -> retire(instance, Cause.RETIRED));
                forgetIfUnused(slot);
            }
        } finally {
            lock.unlock();
        }
    }

    private void forgetIfUnused(VersionSlot slot) {
        if (slot.unused()) {
            slots.remove(slot.version.key(), slot);
        }
    }

    /// Gives what memory there is to those that have waited longest without an instance, then to the others. While someone starves, who
    /// has an instance gets no more, and memory that is just being freed for the starving is nobody else's.
    private void growWhereCallsWait(long now) {
        if (closed) {
            return;
        }
        List<VersionSlot> waiting = slots.values().stream().filter(slot -> !slot.waiters.isEmpty())
                .sorted(Comparator.comparing((VersionSlot slot) -> !starves(slot, now))
                        .thenComparing(Comparator.comparingLong((VersionSlot slot) -> slot.waited(now)).reversed()))
                .toList();
        for (VersionSlot slot : waiting) {
            if (!someoneStarves || slot.size() == 0) {
                grow(slot, now);
            }
            if (starves(slot, now) && memory.willSuffice(slot.version.memoryMb())) {
                return;
            }
        }
    }

    private static boolean starves(VersionSlot slot, long now) {
        return slot.size() == 0 && slot.waited(now) > STARVING_NANOS;
    }

    /// What time brings: calls past their deadline end, calls that have waited get more instances, and what is unused goes.
    void sweep(long now) {
        lock.lock();
        try {
            someoneStarves = false;
            for (VersionSlot slot : List.copyOf(slots.values())) {
                slot.takeOverdue(now).forEach(instance -> retire(instance, Cause.TIMED_OUT));
                slot.takeIdle(idle -> now - idle.sinceNanos() > config.idleTimeout().toNanos())
                        .forEach(instance -> retire(instance, Cause.RETIRED));
                slot.dropAnsweredWaiters();
                someoneStarves |= starves(slot, now);
                forgetIfUnused(slot);
            }
            growWhereCallsWait(now);
        } finally {
            lock.unlock();
        }
    }

    private int starting() {
        return stems.coming() + slots.values().stream().mapToInt(slot -> slot.starting).sum();
    }

    /// Takes an instance out of wherever it is kept.
    private void forget(PooledInstance instance) {
        stems.remove(instance);
        slots.values().forEach(slot -> {
            slot.idle.remove(instance);
            slot.busy.remove(instance);
        });
    }

    /// A moment's figures.
    public PoolStatus status() {
        lock.lock();
        try {
            int busy = slots.values().stream().mapToInt(slot -> slot.busy.size()).sum();
            int idle = slots.values().stream().mapToInt(slot -> slot.idle.size()).sum();
            int waiting = slots.values().stream().mapToInt(slot -> slot.waiters.size()).sum();
            return new PoolStatus(starting(), stems.size(), idle, busy, waiting, memory.promised());
        } finally {
            lock.unlock();
        }
    }

    /// Destroys every instance, lent ones too, and waits until they are gone.
    @Override
    public void close() {
        sweeper.close();
        lock.lock();
        try {
            closed = true;
            slots.values().forEach(slot -> {
                slot.waiters.forEach(
                        waiter -> waiter.answer.complete(new Acquired.Unavailable("the gateway is shutting down")));
                slot.waiters.clear();
            });
            alive.forEach(instance -> {
                forget(instance);
                retire(instance, Cause.RETIRED);
            });
            long patience = config.startTimeout().toNanos();
            while ((!alive.isEmpty() || starting() > 0) && patience > 0) {
                patience = gone.awaitNanos(patience);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
