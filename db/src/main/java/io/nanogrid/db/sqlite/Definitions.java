package io.nanogrid.db.sqlite;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

import io.nanogrid.db.Definition;
import io.nanogrid.db.PayloadFormat;
import org.jspecify.annotations.Nullable;

/// Rows of `definition` and `definition_env`, which are written once and never changed.
final class Definitions {
    /// Of a definition `d`. The environment comes as one column, so that a row of a query is a record: `hex(name)=hex(value),…`.
    static final String COLUMNS = """
            d.runtime, d.handler, d.code_hash, d.library, d.memory_mb, d.timeout_ms, d.concurrency, d.network, d.payload,
            d.script,
            (SELECT group_concat(hex(e.name) || '=' || hex(e.value)) FROM definition_env e WHERE e.definition_id = d.id) AS env
            """;

    private Definitions() {
    }

    static Definition map(ResultSet row) throws SQLException {
        return new Definition(row.getString("runtime"), row.getString("handler"), row.getString("code_hash"),
                row.getString("library"), env(row.getString("env")), row.getInt("memory_mb"),
                Duration.ofMillis(row.getLong("timeout_ms")), Sql.intOrNull(row, "concurrency"),
                row.getBoolean("network"), PayloadFormat.valueOf(row.getString("payload")),
                row.getBoolean("script"));
    }

    static long insert(Connection connection, Definition definition) throws SQLException {
        long id = Sql.insert(connection, """
                INSERT INTO definition (runtime, handler, code_hash, library, memory_mb, timeout_ms, concurrency, network, payload, script)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""", definition.runtime(), definition.handler(),
                definition.codeHash(), definition.library(), definition.memoryMb(), definition.timeout().toMillis(),
                definition.concurrency(), definition.network(), definition.payload(), definition.script());
        for (Map.Entry<String, String> variable : definition.env().entrySet()) {
            Sql.update(connection, "INSERT INTO definition_env VALUES (?, ?, ?)", id, variable.getKey(),
                    variable.getValue());
        }
        return id;
    }

    /// Deletes those of `ids` that are neither a draft nor a version's any more.
    static void deleteUnused(Connection connection, Iterable<Long> ids) throws SQLException {
        for (Long id : ids) {
            Sql.update(connection, """
                    DELETE FROM definition WHERE id = ?
                    AND NOT EXISTS (SELECT 1 FROM function WHERE draft = definition.id)
                    AND NOT EXISTS (SELECT 1 FROM version WHERE definition_id = definition.id)""", id);
        }
    }

    private static Map<String, String> env(@Nullable String column) {
        var env = new HashMap<String, String>();
        if (column != null) {
            for (String variable : column.split(",")) {
                int equals = variable.indexOf('=');
                env.put(text(variable.substring(0, equals)), text(variable.substring(equals + 1)));
            }
        }
        return env;
    }

    private static String text(String hex) {
        return new String(HexFormat.of().parseHex(hex), StandardCharsets.UTF_8);
    }
}
