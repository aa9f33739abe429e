package io.nanogrid.gateway.deploy;

import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import io.nanogrid.gateway.deploy.FunctionVersions.Prepared;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.Turns;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.pool.InstancePool;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds the version of a function that a call by id or name is meant for. What has been found once is found again without the database.
///
/// Safe for use by many threads. Of those that want the same function first, one loads it and the others wait for that. Where it can't be had they all
/// learn so from that one try, as does who comes within the next second: it may have taken minutes.
public final class FunctionCatalog {

    private static final Logger LOG = LoggerFactory.getLogger(FunctionCatalog.class);
    private static final long REMEMBERED_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final FunctionRepository functions;
    private final Builds builds;
    private final InstancePool pool;
    private final LiveFunctions live;
    private final Announcer announcer;
    private final LongSupplier nanoTime;
    private final Turns<String> turns = new Turns<>();
    private final Map<Wanted, Failure> failures = new ConcurrentHashMap<>();

    public FunctionCatalog(FunctionRepository functions, Builds builds, InstancePool pool, LiveFunctions live,
            Announcer announcer) {
        this(functions, builds, pool, live, announcer, System::nanoTime);
    }

    FunctionCatalog(FunctionRepository functions, Builds builds, InstancePool pool, LiveFunctions live,
            Announcer announcer, LongSupplier nanoTime) {
        this.functions = functions;
        this.builds = builds;
        this.pool = pool;
        this.live = live;
        this.announcer = announcer;
        this.nanoTime = nanoTime;
    }

    /// @param version null for the one that runs now
    private record Wanted(String functionId, @Nullable Integer version) {
    }

    /// A version that couldn't be had.
    ///
    /// @param end when that was clear
    private record Failure(Found.Unavailable found, LiveFunctions.Reading reading, long end) {

        /// Whether it answers a question of that time: one that waited for it, or came soon after it and after no change.
        boolean answers(long asked) {
            long late = asked - end;
            return late <= 0 || late < REMEMBERED_NANOS && !reading.isOutdated();
        }
    }

    /// What came of looking for a function.
    public sealed interface Found {

        /// @param function as it was when it was loaded
        record Ready(FunctionVersion version, FunctionRecord function) implements Found {
        }

        record Unknown() implements Found {
        }

        /// The function has no such version, or one that couldn't be built.
        record UnknownVersion(int number) implements Found {
        }

        /// The function of a callback that serves nothing.
        record NotDeployed(long callbackId) implements Found {
        }

        /// The fault of the platform: its runtime isn't loaded, its libraries can't be had, or its code is lost or can't be read now.
        record Unavailable(String message) implements Found {
        }
    }

    /// @param version null for the one that runs now
    public Found find(String functionId, @Nullable Integer version) throws InterruptedException {
        LiveFunctions.Found known = live.find(functionId, version);
        if (known != null) {
            return new Found.Ready(known.version(), known.function());
        }
        long asked = nanoTime.getAsLong();
        Wanted wanted = new Wanted(functionId, version);
        try (Turns<String>.Turn _ = turns.take(functionId)) {
            LiveFunctions.Found meanwhile = live.find(functionId, version);
            if (meanwhile != null) {
                return new Found.Ready(meanwhile.version(), meanwhile.function());
            }
            Failure failure = failures.get(wanted);
            return failure != null && failure.answers(asked) ? failure.found() : load(wanted);
        }
    }

    private Found load(Wanted wanted) throws InterruptedException {
        LiveFunctions.Reading reading = live.read();
        Found found = load(wanted.functionId(), wanted.version(), reading);
        if (found instanceof Found.Unavailable failed) {
            long now = nanoTime.getAsLong();
            failures.values().removeIf(old -> !old.answers(now));
            failures.put(wanted, new Failure(failed, reading, now));
        }
        return found;
    }

    /// By id, else the newest function of that name.
    ///
    /// @param version null for the one that runs now
    public Found findByName(String nameOrId, @Nullable Integer version) throws InterruptedException {
        String known = live.idOf(nameOrId);
        Found found = find(known == null ? nameOrId : known, version);
        if (!(found instanceof Found.Unknown)) {
            return found;
        }
        LiveFunctions.Reading reading = live.read();
        Optional<FunctionRecord> named = functions.findByName(nameOrId);
        if (named.isEmpty()) {
            return found;
        }
        reading.keepName(nameOrId, named.get().id());
        return find(named.get().id(), version);
    }

    private Found load(String id, @Nullable Integer asked, LiveFunctions.Reading reading) throws InterruptedException {
        FunctionRecord function = functions.find(id).orElse(null);
        Integer current = function == null ? null : function.currentVersion();
        if (function == null || current == null) {
            Long callback = function == null ? null : function.callbackId();
            return callback == null ? new Found.Unknown() : new Found.NotDeployed(callback);
        }
        int number = asked == null ? current : asked;
        VersionRecord record = functions.version(id, number).filter(one -> one.state() == VersionState.READY)
                .orElse(null);
        if (record == null) {
            return new Found.UnknownVersion(number);
        }
        try (Prepared prepared = builds.prepare(function.name(), record, line -> LOG.info("{}", line))) {
            // An older version may have been retired when it was replaced.
            pool.readmit(prepared.version().key());
            reading.keep(function, current, prepared.version());
            return new Found.Ready(prepared.version(), function);
        } catch (InvalidDefinition | EngineException e) {
            LOG.error("Version {} of function {} can't be run: {}", number, id, e.getMessage());
            return new Found.Unavailable(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            LOG.error("The code of function {} can't be read", id, e);
            return new Found.Unavailable(CodeFault.message(e, "send it again"));
        }
    }

    /// To be called when what is stored of a function has changed otherwise than by a build, such as its name.
    public void changed(String functionId) {
        live.forget(functionId);
        announcer.announce(new Change.Function(functionId));
    }
}
