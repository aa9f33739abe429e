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
    /// Of a definition `d`.
    static final String COLUMNS = columns("d", "");

    private Definitions() {
    }

    /// The environment comes as one column, so that a row of a query is a record: `hex(name)=hex(value),…`.
    ///
    /// @param prefix of the columns' names in the result, so that a query can have two definitions
    static String columns(String table, String prefix) {
        return """
                $t.runtime AS $p_runtime, $t.handler AS $p_handler, $t.code_hash AS $p_code_hash, $t.library AS $p_library,
                $t.memory_mb AS $p_memory_mb, $t.timeout_ms AS $p_timeout_ms, $t.concurrency AS $p_concurrency,
                $t.network AS $p_network, $t.payload AS $p_payload, $t.script AS $p_script,
                (SELECT group_concat(hex(e.name) || '=' || hex(e.value)) FROM definition_env e
                  WHERE e.definition_id = $t.id) AS $p_env
                """.replace("$t", table).replace("$p_", prefix);
    }

    static Definition map(ResultSet row) throws SQLException {
        return map(row, "");
    }

    static Definition map(ResultSet row, String prefix) throws SQLException {
        return new Definition(row.getString(prefix + "runtime"), row.getString(prefix + "handler"),
                row.getString(prefix + "code_hash"), row.getString(prefix + "library"),
                env(row.getString(prefix + "env")), row.getInt(prefix + "memory_mb"),
                Duration.ofMillis(row.getLong(prefix + "timeout_ms")), Sql.intOrNull(row, prefix + "concurrency"),
                row.getBoolean(prefix + "network"), PayloadFormat.valueOf(row.getString(prefix + "payload")),
                row.getBoolean(prefix + "script"));
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
