package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import org.jspecify.annotations.Nullable;

/// Rows of `version`, inside a caller's transaction.
final class Versions {
    static final String SELECT = "SELECT v.function_id, v.number, v.dependency_key, v.state,"
            + " v.created_at AS version_created_at, " + Definitions.COLUMNS
            + " FROM version v JOIN definition d ON d.id = v.definition_id";

    private Versions() {
    }

    static VersionRecord map(ResultSet row) throws SQLException {
        return new VersionRecord(row.getString("function_id"), row.getInt("number"), Definitions.map(row),
                row.getString("dependency_key"), VersionState.valueOf(row.getString("state")),
                Sql.instant(row, "version_created_at"));
    }

    static Optional<VersionRecord> find(Connection connection, String functionId, int number) throws SQLException {
        return Sql.first(connection, SELECT + " WHERE v.function_id = ? AND v.number = ?", Versions::map, functionId,
                number);
    }

    static boolean building(Connection connection, String functionId) throws SQLException {
        return Sql.exists(connection, "SELECT 1 FROM version WHERE function_id = ? AND state = 'BUILDING'", functionId);
    }

    /// @param definition a row of `definition`
    static VersionRecord begin(Connection connection, String functionId, long definition, Instant now)
            throws SQLException {
        int number = Sql.first(connection,
                "UPDATE function SET last_version = last_version + 1 WHERE id = ? RETURNING last_version",
                row -> row.getInt(1), functionId).orElseThrow();
        Sql.update(connection, """
                INSERT INTO version (function_id, number, definition_id, state, created_at)
                VALUES (?, ?, ?, 'BUILDING', ?)""", functionId, number, definition, now);
        return find(connection, functionId, number).orElseThrow();
    }

    /// @return false where the version isn't `BUILDING`
    static boolean end(Connection connection, String functionId, int number, VersionState end,
            @Nullable String dependencyKey) throws SQLException {
        return Sql.update(connection, """
                UPDATE version SET state = ?, dependency_key = ?
                WHERE function_id = ? AND number = ? AND state = 'BUILDING'""", end, dependencyKey, functionId,
                number) > 0;
    }

    /// All but the newest `keep`, the two that are named, and one that is `BUILDING`.
    static List<VersionRecord> old(Connection connection, String functionId, int keep, @Nullable Integer live,
            @Nullable Integer previous) throws SQLException {
        return Sql.list(connection, SELECT + " WHERE v.function_id = ?1 AND v.state <> 'BUILDING'"
                + " AND v.number IS NOT ?2 AND v.number IS NOT ?3 AND v.number NOT IN"
                + " (SELECT number FROM version WHERE function_id = ?1 ORDER BY number DESC LIMIT ?4)",
                Versions::map, functionId, live, previous, keep);
    }

    static void delete(Connection connection, String functionId, int number) throws SQLException {
        List<Long> definition = Sql.list(connection,
                "DELETE FROM version WHERE function_id = ? AND number = ? RETURNING definition_id",
                row -> row.getLong(1), functionId, number);
        Definitions.deleteUnused(connection, definition);
    }
}
