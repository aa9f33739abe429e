package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.Page;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import io.nanogrid.db.sqlite.Cursors.Placed;
import org.jspecify.annotations.Nullable;

/// Stateless: any thread may use it.
final class SqliteFunctions implements FunctionRepository {
    private static final String LIST = "functions";

    private final Lanes lanes;
    private final InstantSource clock;

    SqliteFunctions(Lanes lanes, InstantSource clock) {
        this.lanes = lanes;
        this.clock = clock;
    }

    @Override
    public FunctionRecord create(FunctionDraft draft) {
        return lanes.write(connection -> FunctionRows.requireUnowned(connection,
                FunctionRows.insert(connection, draft, clock.instant())));
    }

    @Override
    public Optional<FunctionRecord> find(String id) {
        return lanes.read(connection -> FunctionRows.find(connection, id));
    }

    @Override
    public Optional<FunctionRecord> findByName(String name) {
        return lanes.read(connection -> Sql.first(connection,
                FunctionRows.SELECT + " WHERE f.name = ? ORDER BY coalesce(c.live_version, f.current_version) IS NULL,"
                        + " f.seq DESC LIMIT 1",
                FunctionRows::map, name));
    }

    @Override
    public Page<FunctionRecord> list(int limit, @Nullable String cursor) {
        long[] after = Cursors.decode(LIST, 1, cursor);
        List<Placed<FunctionRecord>> found = lanes.read(connection -> Sql.list(connection,
                FunctionRows.SELECT + " WHERE f.seq < ? ORDER BY f.seq DESC LIMIT ?",
                row -> new Placed<>(FunctionRows.map(row), row.getLong("seq")), after[0], limit + 1L));
        return Cursors.page(LIST, found, limit);
    }

    @Override
    public VersionRecord beginVersion(String id, Definition definition) {
        return lanes.write(connection -> {
            requireNotBuilding(connection, id);
            return Versions.begin(connection, id, FunctionRows.definition(connection, id, definition), clock.instant());
        });
    }

    @Override
    public FunctionRecord completeVersion(String id, int number, String name, @Nullable String description,
            @Nullable String dependencyKey) {
        return lanes.write(connection -> {
            endBuild(connection, id, number, VersionState.READY, dependencyKey);
            FunctionRows.makeCurrent(connection, id, number);
            FunctionRows.rename(connection, id, name, description, clock.instant());
            return FunctionRows.requireUnowned(connection, id);
        });
    }

    @Override
    public FunctionRecord failVersion(String id, int number) {
        return lanes.write(connection -> {
            endBuild(connection, id, number, VersionState.FAILED, null);
            return FunctionRows.requireUnowned(connection, id);
        });
    }

    @Override
    public FunctionRecord delete(String id) {
        return lanes.write(connection -> {
            FunctionRecord function = requireNotBuilding(connection, id);
            FunctionRows.delete(connection, id);
            return function;
        });
    }

    @Override
    public List<VersionRecord> pruneVersions(String id, int keep) {
        return lanes.write(connection -> {
            FunctionRecord function = FunctionRows.requireUnowned(connection, id);
            List<VersionRecord> old = Versions.old(connection, id, keep, function.currentVersion(), null);
            for (VersionRecord version : old) {
                Versions.delete(connection, id, version.number());
            }
            return old;
        });
    }

    @Override
    public int recoverInterrupted() {
        return lanes.write(SqliteFunctions::recover);
    }

    @Override
    public boolean failInterrupted(String id) {
        return lanes.write(connection -> Sql.update(connection, """
                UPDATE version SET state = 'FAILED' WHERE function_id = ? AND state = 'BUILDING'
                AND NOT EXISTS (SELECT 1 FROM callback c WHERE c.function_id = version.function_id)""", id) > 0);
    }

    @Override
    public List<VersionRecord> versions(String functionId) {
        return lanes.read(connection -> Sql.list(connection,
                Versions.SELECT + " WHERE v.function_id = ? ORDER BY v.number DESC", Versions::map, functionId));
    }

    @Override
    public Optional<VersionRecord> version(String functionId, int number) {
        return lanes.read(connection -> Versions.find(connection, functionId, number));
    }

    private static int recover(Connection connection) throws SQLException {
        List<String> unfinished = Sql.list(connection, """
                SELECT f.id FROM function f
                WHERE NOT EXISTS (SELECT 1 FROM callback c WHERE c.function_id = f.id)
                AND (f.current_version IS NULL
                  OR EXISTS (SELECT 1 FROM version b WHERE b.function_id = f.id AND b.state = 'BUILDING'))""",
                row -> row.getString(1));
        for (String id : unfinished) {
            if (FunctionRows.requireUnowned(connection, id).currentVersion() == null) {
                FunctionRows.delete(connection, id);
            } else {
                Sql.update(connection,
                        "UPDATE version SET state = 'FAILED' WHERE function_id = ? AND state = 'BUILDING'", id);
            }
        }
        return unfinished.size();
    }

    private static FunctionRecord requireNotBuilding(Connection connection, String id) throws SQLException {
        FunctionRecord function = FunctionRows.requireUnowned(connection, id);
        if (Versions.building(connection, id)) {
            throw new RefusedException.FunctionBuildInProgress(id);
        }
        return function;
    }

    private static void endBuild(Connection connection, String id, int number, VersionState end,
            @Nullable String dependencyKey) throws SQLException {
        FunctionRows.requireUnowned(connection, id);
        if (!Versions.end(connection, id, number, end, dependencyKey)) {
            throw new IllegalStateException("version %d of function '%s' is not being built".formatted(number, id));
        }
    }
}
