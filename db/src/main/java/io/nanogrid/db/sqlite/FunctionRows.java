package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.RefusedException;
import org.jspecify.annotations.Nullable;

/// Rows of `function`, inside a caller's transaction.
final class FunctionRows {
    /// Of what runs, a definition `n`.
    static final String RUNNING_COLUMNS = Definitions.columns("n", "n_");

    static final String SELECT = """
            SELECT f.seq, f.id AS function_id, f.name AS function_name, f.description AS function_description,
              coalesce(c.live_version, f.current_version) AS current_version, c.id AS owner_id,
              f.created_at AS function_created_at, f.updated_at AS function_updated_at,
            """ + Definitions.COLUMNS + ", " + RUNNING_COLUMNS + """
            FROM function f
            JOIN definition d ON d.id = f.draft
            LEFT JOIN callback c ON c.function_id = f.id
            LEFT JOIN version v ON v.function_id = f.id AND v.number = coalesce(c.live_version, f.current_version)
            JOIN definition n ON n.id = coalesce(v.definition_id, f.draft)
            """;

    private FunctionRows() {
    }

    static FunctionRecord map(ResultSet row) throws SQLException {
        return new FunctionRecord(row.getString("function_id"), row.getString("function_name"),
                row.getString("function_description"), Definitions.map(row), Definitions.map(row, "n_"),
                Sql.intOrNull(row, "current_version"),
                Sql.longOrNull(row, "owner_id"), Sql.instant(row, "function_created_at"),
                Sql.instant(row, "function_updated_at"));
    }

    static Optional<FunctionRecord> find(Connection connection, String id) throws SQLException {
        return Sql.first(connection, SELECT + " WHERE f.id = ?", FunctionRows::map, id);
    }

    /// @throws RefusedException where there is no such function, or it belongs to a callback
    static FunctionRecord requireUnowned(Connection connection, String id) throws SQLException {
        FunctionRecord function = find(connection, id).orElseThrow(() -> new RefusedException.UnknownFunction(id));
        Long owner = function.callbackId();
        if (owner != null) {
            throw new RefusedException.OwnedByCallback(id, owner);
        }
        return function;
    }

    /// @return its id
    static String insert(Connection connection, FunctionDraft draft, Instant now) throws SQLException {
        String id = UUID.randomUUID().toString();
        Sql.update(connection, """
                INSERT INTO function (id, name, description, draft, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?)""", id, draft.name(), draft.description(),
                Definitions.insert(connection, draft.definition()), now, now);
        return id;
    }

    /// For the function of a callback, whose draft changes apart from its versions.
    static void update(Connection connection, String id, FunctionDraft draft, Instant now) throws SQLException {
        rename(connection, id, draft.name(), draft.description(), now);
        setDraft(connection, id, definition(connection, id, draft.definition()));
    }

    static void rename(Connection connection, String id, String name, @Nullable String description, Instant now)
            throws SQLException {
        Sql.update(connection, "UPDATE function SET name = ?, description = ?, updated_at = ? WHERE id = ?", name,
                description, now, id);
    }

    /// Has a version run, for a function without a callback.
    static void makeCurrent(Connection connection, String id, int number) throws SQLException {
        setDraft(connection, id, Sql.first(connection,
                "UPDATE function SET current_version = ? WHERE id = ? RETURNING"
                        + " (SELECT definition_id FROM version WHERE function_id = function.id AND number = current_version)",
                row -> row.getLong(1), number, id).orElseThrow());
    }

    /// @return the row of the function's draft where that says the same, else a new one
    static long definition(Connection connection, String id, Definition definition) throws SQLException {
        return find(connection, id).orElseThrow().draft().equals(definition)
                ? draft(connection, id)
                : Definitions.insert(connection, definition);
    }

    private static void setDraft(Connection connection, String id, long definition) throws SQLException {
        long replaced = draft(connection, id);
        Sql.update(connection, "UPDATE function SET draft = ? WHERE id = ?", definition, id);
        Definitions.deleteUnused(connection, List.of(replaced));
    }

    static void delete(Connection connection, String id) throws SQLException {
        List<Long> definitions = Sql.list(connection,
                """
                SELECT draft FROM function WHERE id = ?1 UNION SELECT definition_id FROM version WHERE function_id = ?1""",
                row -> row.getLong(1), id);
        Sql.update(connection, "DELETE FROM function WHERE id = ?", id);
        Definitions.deleteUnused(connection, definitions);
    }

    /// @return its row of `definition`
    static long draft(Connection connection, String id) throws SQLException {
        return Sql.first(connection, "SELECT draft FROM function WHERE id = ?", row -> row.getLong(1), id)
                .orElseThrow();
    }
}
