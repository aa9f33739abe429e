package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.pool.InstanceState.Busy;
import io.nanogrid.gateway.pool.InstanceState.Cause;
import io.nanogrid.gateway.pool.InstanceState.Idle;
import io.nanogrid.gateway.pool.InstanceState.Stem;
import io.nanogrid.gateway.pool.VersionSlot.Waiter;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The pool's books: which instances there are, whose they are, and who gets the next one.
///
/// Every method is called under the pool's lock, and none of them blocks.
final class PoolBooks {

    /// After this long without a single instance, a version gets one that another version would otherwise keep.
    private static final long STARVING_NANOS = Duration.ofMillis(100).toNanos();
    /// How long a version that has instances gets no further one after a start has failed.
    private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    final MemoryBudget memory;
    final StemShelf stems;
    /// Every instance that has greeted and isn't gone.
    final Set<PooledInstance> alive = new HashSet<>();
    final Map<FunctionVersion.Key, VersionSlot> slots = new HashMap<>();
    boolean closed;
    private final InstancePool pool;
    private final PoolConfig config;
    private final Supply supply;
    private boolean someoneStarves;
    ColdStarts coldStarts = ColdStarts.ZERO;

    PoolBooks(InstancePool pool, PoolConfig config, Supply supply) {
        this.pool = pool;
        this.config = config;
        this.supply = supply;
        this.memory = new MemoryBudget(config.memoryBudgetMb());
        this.stems = new StemShelf(config.stems());
    }

    VersionSlot slot(FunctionVersion version) {
        return slots.computeIfAbsent(version.key(), _ -> new VersionSlot(version, limitOf(version)));
    }

    private int limitOf(FunctionVersion version) {
        Integer own = version.concurrency();
        int asked = own == null ? config.defaultConcurrency() : own;
        return Math.max(1, Math.min(asked, config.memoryBudgetMb() / version.memoryMb()));
    }

    /// A call has begun to wait.
    void waits(VersionSlot slot, Waiter waiter) {
        slot.waiters.add(waiter);
        if (!someoneStarves) {
            grow(slot, waiter.sinceNanos);
        }
    }

    boolean mayRunOneMore(VersionSlot slot) {
        return slot.busy.size() < config.running() || !slot.brief.areBrief();
    }

    /// Whether a call that comes now may hope for an instance before other calls have ended. At its owner's limit a version has room: more of
    /// it mustn't run elsewhere either. Brief calls may line up, as long as the line moves.
    boolean hasRoom(VersionSlot slot, long now) {
        Integer own = slot.version.concurrency();
        if (own != null && slot.size() >= own) {
            return true;
        }
        if (slot.size() > 0 && slot.brief.areBrief()) {
            return slot.waited(now) < config.patience().toNanos();
        }
        if (slot.waiters.size() < slot.starting) {
            return true;
        }
        return slot.size() < slot.limit && !someoneStarves
                && memory.willSuffice(slot.version.memoryMb() - reclaimable(slot));
    }

    /// The memory of what nobody uses at the moment.
    private int reclaimable(VersionSlot except) {
        return stems.megabytes() + slots.values().stream().filter(slot -> slot != except)
                .mapToInt(slot -> slot.idle.size() * slot.version.memoryMb()).sum();
    }

    /// Gives idle instances to calls that wait for one of those that run, where that takes too long.
    void lendIdle(VersionSlot slot, long now) {
        while (!slot.idle.isEmpty() && !slot.waiters.isEmpty()
                && (mayRunOneMore(slot) || slot.waited(now) >= config.patience().toNanos())) {
            PooledInstance instance = slot.idle.removeLast();
            Idle idle = (Idle) instance.state;
            instance.state = idle.taken(now);
            if (lend(slot, instance, false, 0)) {
                slot.busy.add(instance);
            } else {
                instance.state = idle;
                slot.idle.addLast(instance);
            }
        }
    }

    /// Starts as many instances as the waiting calls are worth.
    private void grow(VersionSlot slot, long now) {
        while (slot.idle.isEmpty() && slot.starting < slot.waiters.size() && slot.size() < slot.limit
                && worthOneMore(slot, now)) {
            InstanceShape shape = slot.version.shape();
            PooledInstance stem = stems.take(shape);
            if (stem == null && !makeRoom(shape.memoryMb(), slot)) {
                return;
            }
            slot.starting++;
            coldStarts = coldStarts.plus(stem != null, slot.version.dependencies() != null);
            supply.supply(slot, stem, now);
            stems.demand(shape, now);
        }
    }

    private boolean worthOneMore(VersionSlot slot, long now) {
        if (slot.size() > 0 && now - slot.pausedUntil < 0) {
            return false;
        }
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
                victim = stems.takeLeastWanted();
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

    /// Gives an instance that is nobody's at the moment to the next caller, or lets it rest.
    void settle(VersionSlot slot, PooledInstance instance, boolean fresh, long initNanos) {
        long now = System.nanoTime();
        // One that has ended since its answer isn't reported again.
        if (closed || instance.ended || (slot.waiters.isEmpty() && slot.retired) || (someoneStarves && !fresh)) {
            slot.busy.remove(instance);
            retire(instance, Cause.RETIRED);
            return;
        }
        instance.state = ((Busy) instance.state).handedOver(now);
        if (!lend(slot, instance, fresh, initNanos)) {
            slot.busy.remove(instance);
            slot.idle.addLast(instance);
            instance.state = ((Busy) instance.state).freed(now);
        }
    }

    /// Gives a busy instance to the call that has waited longest.
    ///
    /// @return whether any call waits
    private boolean lend(VersionSlot slot, PooledInstance instance, boolean fresh, long initNanos) {
        for (Waiter waiter; (waiter = slot.waiters.poll()) != null;) {
            if (waiter.answer.complete(new Acquired.Granted(new Lease(pool, slot, instance, fresh, initNanos)))) {
                return true;
            }
        }
        return false;
    }

    /// An instance has loaded the slot's function.
    void supplied(VersionSlot slot, PooledInstance instance, long initNanos) {
        slot.starting--;
        if (instance.state instanceof Stem stem) {
            instance.state = stem.specialized(System.nanoTime());
            slot.busy.add(instance);
            settle(slot, instance, true, initNanos);
        }
    }

    /// No instance came of it.
    ///
    /// @return who is to learn why: nobody while other instances of the version serve on, or may yet
    List<Waiter> notSupplied(VersionSlot slot, @Nullable PooledInstance instance) {
        slot.starting--;
        if (instance == null) {
            memory.release(slot.version.memoryMb());
        } else {
            retire(instance, Cause.BROKEN);
        }
        if (slot.size() > 0) {
            slot.pausedUntil = System.nanoTime() + PAUSE_NANOS;
            return List.of();
        }
        List<Waiter> disappointed = List.copyOf(slot.waiters);
        slot.waiters.clear();
        forgetIfUnused(slot);
        return disappointed;
    }

    /// Has an instance destroyed; whoever calls has taken it out of where it was kept.
    void retire(PooledInstance instance, Cause cause) {
        if (instance.state.cause() == null) {
            instance.state = instance.state.draining(cause);
            memory.leaving(instance.shape.memoryMb());
            supply.destroy(instance);
        }
    }

    /// A process has ended by itself. During a call the call notices.
    void ended(PooledInstance instance) {
        instance.ended = true;
        if (instance.state instanceof Idle) {
            slots.values().forEach(slot -> slot.idle.remove(instance));
            retire(instance, Cause.BROKEN);
        } else if (instance.state instanceof Stem && stems.remove(instance)) {
            retire(instance, Cause.BROKEN);
        }
    }

    void readmit(FunctionVersion.Key key) {
        VersionSlot slot = slots.get(key);
        if (slot != null) {
            slot.retired = false;
        }
    }

    void retire(FunctionVersion.Key key) {
        VersionSlot slot = slots.get(key);
        if (slot != null) {
            slot.retired = true;
            slot.takeIdle(_ -> true).forEach(instance -> retire(instance, Cause.RETIRED));
            forgetIfUnused(slot);
        }
    }

    void forgetIfUnused(VersionSlot slot) {
        if (slot.unused()) {
            slots.remove(slot.version.key(), slot);
        }
    }

    /// Gives what memory there is to those that have waited longest without an instance, then to the others. While someone starves, who
    /// has an instance gets no more, and memory that is just being freed for the starving is nobody else's.
    void growWhereCallsWait(long now) {
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
        someoneStarves = false;
        for (VersionSlot slot : List.copyOf(slots.values())) {
            slot.takeOverdue(now).forEach(instance -> retire(instance, Cause.TIMED_OUT));
            slot.takeIdle(idle -> now - idle.sinceNanos() > config.idleTimeout().toNanos())
                    .forEach(instance -> retire(instance, Cause.RETIRED));
            slot.dropWaiters(now, config.queueWait());
            lendIdle(slot, now);
            someoneStarves |= starves(slot, now);
            forgetIfUnused(slot);
        }
        stems.takeUnused(now, config.idleTimeout()).forEach(stem -> retire(stem, Cause.RETIRED));
        growWhereCallsWait(now);
        if (slots.values().stream().noneMatch(slot -> slot.starting > 0)) {
            // Not while a call waits for a start: they would compete for the same processors.
            stems.demanded().forEach(this::restock);
        }
    }

    int starting() {
        return stems.coming() + slots.values().stream().mapToInt(slot -> slot.starting).sum();
    }

    /// Takes an instance out of wherever it is kept.
    void forget(PooledInstance instance) {
        stems.remove(instance);
        slots.values().forEach(slot -> {
            slot.idle.remove(instance);
            slot.busy.remove(instance);
        });
    }

    PoolStatus status() {
        int busy = slots.values().stream().mapToInt(slot -> slot.busy.size()).sum();
        int idle = slots.values().stream().mapToInt(slot -> slot.idle.size()).sum();
        int waiting = slots.values().stream().mapToInt(slot -> slot.waiters.size()).sum();
        return new PoolStatus(starting(), stems.size(), idle, busy, waiting, memory.promised());
    }
}
