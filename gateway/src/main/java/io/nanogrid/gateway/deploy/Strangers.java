package io.nanogrid.gateway.deploy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nanogrid.db.Definition;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import io.nanogrid.gateway.code.CodePlace;
import io.nanogrid.gateway.code.ForeignCode;
import io.nanogrid.gateway.deploy.FunctionVersions.Prepared;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.Turns;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.pool.InstancePool;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Functions that aren't in our table: whoever calls one says of it what is to be run. Its definition is checked, and it is run, just as if it had been
/// sent to us. Safe for use by many threads.
///
/// Code may be replaced where it lies. So each look asks what is there now, and instances are told apart by the code's hash.
public final class Strangers {

    private static final Logger LOG = LoggerFactory.getLogger(Strangers.class);
    private static final int MOST = 100;
    /// Our copy of the code stays in the store for longer than that, although nothing in the table uses it.
    private static final Duration KEPT = Duration.ofMinutes(10);

    private final ForeignCode code;
    private final FunctionDefinitionReader reader;
    private final Builds builds;
    private final InstancePool pool;
    private final Turns<Stranger> turns = new Turns<>();
    /// One archive is in memory several times over while it is read, checked and stored; nobody has bounded how many come at once.
    private final ReentrantLock loading = new ReentrantLock();
    /// The least recently used first. Guarded by its monitor.
    private final LinkedHashMap<Stranger, Known> known = new LinkedHashMap<>(16, 0.75f, true);

    public Strangers(ForeignCode code, FunctionDefinitionReader reader, Builds builds, InstancePool pool) {
        this.code = code;
        this.reader = reader;
        this.builds = builds;
        this.pool = pool;
    }

    /// What a call says of its function.
    ///
    /// @param code null where it doesn't say that
    /// @param definition of the fields that `POST /functions` takes those that it has
    public record Stranger(String functionId, @Nullable CodePlace code, ObjectNode definition) {
    }

    private record Known(String tag, FunctionVersion version, long since) {

        /// Code of our own store stays what it is: that it is stored again changes its tag alone.
        boolean isStill(String present, CodePlace place) {
            return (tag.equals(present) || place.equals(version.code().place()))
                    && System.nanoTime() - since < KEPT.toNanos();
        }
    }

    /// @throws InvalidDefinition if it can never be run
    /// @throws IOException if its code can't be read at the moment
    public FunctionVersion find(Stranger stranger)
            throws InvalidDefinition, EngineException, IOException, InterruptedException {
        CodePlace place = stranger.code();
        if (place == null) {
            throw new InvalidDefinition(List.of("the function " + stranger.functionId()
                    + " isn't known here: create it, or say by s3Bucket and s3Key where its code is"));
        }
        try (Turns<Stranger>.Turn _ = turns.take(stranger)) {
            String tag = look(code::tag, place);
            Known present = known(stranger);
            if (present != null && present.isStill(tag, place)) {
                return present.version();
            }
            FunctionVersion version = load(stranger, place);
            keep(stranger, new Known(tag, version, System.nanoTime()));
            return version;
        }
    }

    @FunctionalInterface
    private interface Look<T> {
        T at(CodePlace place) throws IOException;
    }

    /// Where there is no code there never will be; what else isn't there may be the fault of this machine.
    private static <T> T look(Look<T> look, CodePlace place) throws InvalidDefinition, IOException {
        try {
            return look.at(place);
        } catch (NoSuchFileException e) {
            throw new InvalidDefinition(List.of("its code can't be had: " + e.getMessage()));
        }
    }

    private FunctionVersion load(Stranger stranger, CodePlace place)
            throws InvalidDefinition, EngineException, IOException, InterruptedException {
        Definition definition = definition(stranger, place);
        VersionRecord record = new VersionRecord(stranger.functionId(), 0, definition, null, VersionState.READY,
                Instant.EPOCH);
        try (Prepared prepared = builds.prepare(stranger.functionId(), record, line -> LOG.info("{}", line))) {
            FunctionVersion version = prepared.version().strangers(identity(definition));
            pool.readmit(version.key());
            return version;
        }
    }

    private Definition definition(Stranger stranger, CodePlace place)
            throws InvalidDefinition, IOException, InterruptedException {
        loading.lockInterruptibly();
        try {
            ObjectNode json = stranger.definition().deepCopy();
            json.put("name", "stranger").put("archive", look(code::get, place));
            return reader.create(json, null).definition();
        } finally {
            loading.unlock();
        }
    }

    private static String identity(Definition definition) {
        return "%s %s %d %d".formatted(definition.codeHash(), definition.runtime(), definition.memoryMb(),
                definition.timeout().toMillis());
    }

    private @Nullable Known known(Stranger stranger) {
        synchronized (known) {
            return known.get(stranger);
        }
    }

    /// Frees the instances of what it takes the place of.
    private void keep(Stranger stranger, Known now) {
        synchronized (known) {
            Known before = known.put(stranger, now);
            if (before != null) {
                free(before.version().key());
            }
            Map.Entry<Stranger, Known> oldest = known.size() > MOST ? known.pollFirstEntry() : null;
            if (oldest != null) {
                free(oldest.getValue().version().key());
            }
        }
    }

    /// Instances stay that others use too: the same code in two places, say. To be called by whoever has the monitor of [#known].
    private void free(FunctionVersion.Key key) {
        if (known.values().stream().noneMatch(one -> one.version().key().equals(key))) {
            pool.retire(key);
        }
    }
}
