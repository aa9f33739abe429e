package io.nanogrid.gateway.deploy;

import io.nanogrid.db.FunctionRecord;
import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.pool.FunctionVersion;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The functions that have been called by name or id, in memory, ready to run. What isn't here may still be stored.
///
/// Safe for use by many threads. Readers look into the concurrent maps; the monitor orders writers.
///
/// What isn't here is read from the database and kept, while others change it and say so here. So it can happen that one thread reads version 1,
/// another stores version 2 and switches to it, and only then the first comes to keep what it has read. Hence a [Reading], which keeps nothing
/// once anything has changed since it began: whoever looks next reads again.
public final class LiveFunctions {

    /// @param versions those that have been asked for, by number
    private record Entry(FunctionRecord function, int current, Map<Integer, FunctionVersion> versions) {

        Entry with(FunctionVersion version) {
            Map<Integer, FunctionVersion> more = new HashMap<>(versions);
            more.put(version.key().version(), version);
            return new Entry(function, current, Map.copyOf(more));
        }

        Entry without(int number) {
            Map<Integer, FunctionVersion> fewer = new HashMap<>(versions);
            fewer.remove(number);
            return new Entry(function, current, Map.copyOf(fewer));
        }
    }

    /// A function's record as it was when it was read, and one of its versions.
    record Found(FunctionRecord function, FunctionVersion version) {
    }

    private final Map<String, Entry> byId = new ConcurrentHashMap<>();
    private final Map<String, String> idByName = new ConcurrentHashMap<>();
    /// How often anything has changed. Guarded by the monitor.
    private long changes;

    /// @param number null for the version that runs now
    @Nullable
    Found find(String id, @Nullable Integer number) {
        Entry entry = byId.get(id);
        if (entry == null) {
            return null;
        }
        FunctionVersion version = entry.versions.get(number == null ? Integer.valueOf(entry.current) : number);
        return version == null ? null : new Found(entry.function, version);
    }

    /// The version, if it is here.
    ///
    /// @param number null for the version that runs now
    public @Nullable FunctionVersion version(String id, @Nullable Integer number) {
        Found found = find(id, number);
        return found == null ? null : found.version();
    }

    @Nullable
    String idOf(String name) {
        return idByName.get(name);
    }

    boolean has(String id) {
        return byId.containsKey(id);
    }

    /// Whether the function is here as this record has it.
    boolean has(FunctionRecord function) {
        Entry entry = byId.get(function.id());
        return entry != null && entry.function.equals(function);
    }

    List<FunctionRecord> all() {
        return byId.values().stream().map(Entry::function).toList();
    }

    /// To be begun before the database is asked.
    synchronized Reading read() {
        return new Reading(changes);
    }

    /// One look into the database, by one thread. What is kept of it is as new as what is here.
    final class Reading {

        private final long began;

        private Reading(long began) {
            this.began = began;
        }

        /// Does nothing where something has changed since this began.
        void keep(FunctionRecord function, int current, FunctionVersion version) {
            unlessChanged(() -> byId.merge(function.id(),
                    new Entry(function, current, Map.of(version.key().version(), version)),
                    (present, _) -> present.with(version)));
        }

        /// Does nothing where something has changed since this began.
        void keepName(String name, String id) {
            unlessChanged(() -> idByName.put(name, id));
        }

        boolean isOutdated() {
            synchronized (LiveFunctions.this) {
                return began != changes;
            }
        }

        private void unlessChanged(Runnable write) {
            synchronized (LiveFunctions.this) {
                if (!isOutdated()) {
                    write.run();
                }
            }
        }
    }

    /// From now on `version` is what runs.
    ///
    /// @return the versions that were here, of which none is any more
    synchronized List<FunctionVersion.Key> switchTo(FunctionRecord function, FunctionVersion version) {
        List<FunctionVersion.Key> before = forget(function.id());
        int number = version.key().version();
        byId.put(function.id(), new Entry(function, number, Map.of(number, version)));
        return before.stream().filter(key -> !key.equals(version.key())).toList();
    }

    /// What is stored of the function has changed.
    ///
    /// @return the versions that were here
    synchronized List<FunctionVersion.Key> forget(String id) {
        changes++;
        idByName.clear();
        Entry gone = byId.remove(id);
        return gone == null ? List.of() : gone.versions.values().stream().map(FunctionVersion::key).toList();
    }

    /// These versions are there no more; the others of their functions are as they were.
    synchronized void forget(List<FunctionVersion.Key> gone) {
        changes++;
        gone.forEach(key -> byId.computeIfPresent(key.functionId(), (_, entry) -> entry.without(key.version())));
    }

    /// What names the libraries of all that is here.
    Set<String> dependencyKeys() {
        return byId.values().stream().flatMap(entry -> entry.versions.values().stream())
                .map(FunctionVersion::dependencies).filter(Objects::nonNull).map(DependencyLayer::key)
                .collect(Collectors.toSet());
    }
}
