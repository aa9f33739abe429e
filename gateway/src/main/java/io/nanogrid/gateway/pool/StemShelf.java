package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.pool.InstanceState.Stem;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Instances without a function, by shape. Guarded by the pool's lock.
final class StemShelf {

    private final int wanted;
    private final Map<InstanceShape, Deque<PooledInstance>> ready = new HashMap<>();
    private final Map<InstanceShape, Integer> coming = new HashMap<>();

    StemShelf(int wanted) {
        this.wanted = wanted;
    }

    @Nullable
    PooledInstance take(InstanceShape shape) {
        Deque<PooledInstance> stems = ready.get(shape);
        return stems == null ? null : stems.poll();
    }

    @Nullable
    PooledInstance takeAny() {
        for (Deque<PooledInstance> stems : ready.values()) {
            PooledInstance stem = stems.poll();
            if (stem != null) {
                return stem;
            }
        }
        return null;
    }

    boolean wants(InstanceShape shape) {
        Deque<PooledInstance> stems = ready.get(shape);
        return shape.common() && coming.getOrDefault(shape, 0) + (stems == null ? 0 : stems.size()) < wanted;
    }

    void coming(InstanceShape shape) {
        coming.merge(shape, 1, Integer::sum);
    }

    void notComing(InstanceShape shape) {
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

    int coming() {
        return coming.values().stream().mapToInt(Integer::intValue).sum();
    }
}
