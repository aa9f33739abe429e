package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.pool.InstanceState.Stem;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Instances without a function, by shape. Guarded by the pool's lock.
final class StemShelf {

    private static final long PAUSE_NANOS = Duration.ofSeconds(10).toNanos();

    private final int wanted;
    private final Map<InstanceShape, Long> notBefore = new HashMap<>();
    /// Shapes of which a stem is kept ready whether or not anybody asks for it.
    private final Set<InstanceShape> always = new HashSet<>();
    /// When each shape was last asked for, by [System#nanoTime]; the one that was asked for longest ago comes first.
    private final Map<InstanceShape, Long> demanded = new LinkedHashMap<>();
    private final Map<InstanceShape, Deque<PooledInstance>> ready = new HashMap<>();
    private final Map<InstanceShape, Integer> coming = new HashMap<>();

    StemShelf(int wanted) {
        this.wanted = wanted;
    }

    /// From now on a stem of this shape is kept ready, until nobody has asked for one for a while. Does nothing where it would be of use
    /// to one function only.
    void demand(InstanceShape shape, long now) {
        if (shape.common()) {
            demanded.remove(shape);
            demanded.put(shape, now);
        }
    }

    /// From now on a stem of this shape is kept ready.
    void keep(InstanceShape shape, long now) {
        always.add(shape);
        demand(shape, now);
    }

    boolean isDemanded(InstanceShape shape) {
        return demanded.containsKey(shape);
    }

    List<InstanceShape> demanded() {
        return List.copyOf(demanded.keySet());
    }

    /// Takes out the stems of shapes that nobody has asked for since then, and keeps none ready any more.
    List<PooledInstance> takeUnused(long now, Duration since) {
        List<PooledInstance> taken = new ArrayList<>();
        demanded.entrySet().removeIf(shape -> {
            boolean unused = now - shape.getValue() > since.toNanos() && !always.contains(shape.getKey());
            Deque<PooledInstance> stems = unused ? ready.remove(shape.getKey()) : null;
            if (stems != null) {
                taken.addAll(stems);
            }
            return unused;
        });
        return taken;
    }

    @Nullable
    PooledInstance take(InstanceShape shape) {
        Deque<PooledInstance> stems = ready.get(shape);
        return stems == null ? null : stems.poll();
    }

    /// One of the shape that was asked for longest ago.
    @Nullable
    PooledInstance takeLeastWanted() {
        for (InstanceShape shape : demanded.keySet()) {
            PooledInstance stem = take(shape);
            if (stem != null) {
                return stem;
            }
        }
        return null;
    }

    boolean wants(InstanceShape shape) {
        Deque<PooledInstance> stems = ready.get(shape);
        Long pausedUntil = notBefore.get(shape);
        boolean failedLately = pausedUntil != null && System.nanoTime() - pausedUntil < 0;
        return !failedLately && coming.getOrDefault(shape, 0) + (stems == null ? 0 : stems.size()) < wanted;
    }

    void coming(InstanceShape shape) {
        coming.merge(shape, 1, Integer::sum);
    }

    /// It couldn't be made: the next try waits, as it would most likely end the same way.
    void failed(InstanceShape shape) {
        notComing(shape);
        notBefore.put(shape, System.nanoTime() + PAUSE_NANOS);
    }

    private void notComing(InstanceShape shape) {
        coming.computeIfPresent(shape, (_, count) -> count == 1 ? null : count - 1);
    }

    void arrived(PooledInstance stem) {
        notComing(stem.shape);
        if (stem.state instanceof Stem) {
            ready.computeIfAbsent(stem.shape, _ -> new ArrayDeque<>()).add(stem);
        }
    }

    boolean remove(PooledInstance stem) {
        Deque<PooledInstance> stems = ready.get(stem.shape);
        return stems != null && stems.remove(stem);
    }

    int size() {
        return ready.values().stream().mapToInt(Collection::size).sum();
    }

    /// The memory of those that are ready.
    int megabytes() {
        return ready.entrySet().stream().mapToInt(stems -> stems.getKey().memoryMb() * stems.getValue().size()).sum();
    }

    int coming() {
        return coming.values().stream().mapToInt(Integer::intValue).sum();
    }
}
