package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

import io.nanogrid.db.Access;
import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.Deployment;
import io.nanogrid.db.Endpoint;
import io.nanogrid.db.RefusedException;
import org.jspecify.annotations.Nullable;

/// What several repositories do with callbacks inside their transactions.
final class CallbackRows {
    /// Of a deployment `l`.
    static final String DEPLOYMENT_COLUMNS = """
            l.callback_id AS l_callback_id, l.version AS l_version, l.path AS l_path, l.method AS l_method,
            l.route_key AS l_route_key, l.auth AS l_auth, l.rate_limit AS l_rate_limit, l.deployed_at AS l_deployed_at
            """;

    static final String SELECT = """
            SELECT c.id, c.path, c.method, c.route_key, c.auth, c.rate_limit, c.status, c.live_version,
              c.created_at, c.updated_at, r.chat_id, f.id AS function_id, f.name AS function_name,
              f.description AS function_description, c.live_version AS current_version, c.id AS owner_id,
              f.created_at AS function_created_at, f.updated_at AS function_updated_at,
            """ + Definitions.COLUMNS + ", " + FunctionRows.RUNNING_COLUMNS + ", " + DEPLOYMENT_COLUMNS + """
            FROM callback c
            JOIN function f ON f.id = c.function_id
            JOIN definition d ON d.id = f.draft
            LEFT JOIN version v ON v.function_id = f.id AND v.number = c.live_version
            JOIN definition n ON n.id = coalesce(v.definition_id, f.draft)
            LEFT JOIN deployment l ON l.callback_id = c.id AND l.version = c.live_version
            LEFT JOIN chat_room r ON r.callback_id = c.id
            """;

    private CallbackRows() {
    }

    static CallbackRecord map(ResultSet row) throws SQLException {
        Deployment live = Sql.longOrNull(row, "live_version") == null ? null : mapDeployment(row);
        return new CallbackRecord(row.getLong("id"), mapEndpoint(row, ""), FunctionRows.map(row),
                CallbackStatus.valueOf(row.getString("status")), live, row.getString("chat_id"),
                Sql.instant(row, "created_at"), Sql.instant(row, "updated_at"));
    }

    static Deployment mapDeployment(ResultSet row) throws SQLException {
        return new Deployment(row.getLong("l_callback_id"), row.getInt("l_version"), mapEndpoint(row, "l_"),
                Sql.instant(row, "l_deployed_at"));
    }

    static Optional<CallbackRecord> find(Connection connection, long id) throws SQLException {
        return Sql.first(connection, SELECT + " WHERE c.id = ?", CallbackRows::map, id);
    }

    static CallbackRecord require(Connection connection, long id) throws SQLException {
        return find(connection, id).orElseThrow(() -> new RefusedException.UnknownCallback(id));
    }

    static CallbackRecord requireNotBuilding(Connection connection, long id) throws SQLException {
        CallbackRecord callback = require(connection, id);
        if (Versions.building(connection, callback.function().id())) {
            throw new RefusedException.BuildInProgress(id);
        }
        return callback;
    }

    /// @param owner the callback that wants the route; 0 for one that isn't stored yet
    static void requireRouteFree(Connection connection, Endpoint endpoint, long owner) throws SQLException {
        Optional<Long> other = Sql.first(connection, """
                SELECT id FROM callback WHERE route_key = ?1 AND method = ?2 AND id <> ?3
                UNION ALL
                SELECT c.id FROM deployment l JOIN callback c ON c.id = l.callback_id
                WHERE l.route_key = ?1 AND l.method = ?2 AND c.id <> ?3
                AND (l.version = c.live_version OR l.deployed_at IS NULL)""", row -> row.getLong(1),
                endpoint.routeKey(), endpoint.method(), owner);
        if (other.isPresent()) {
            throw new RefusedException.DuplicateRoute(endpoint, other.get());
        }
    }

    /// Leaves the callback linked to this room and to no other.
    static void linkRoom(Connection connection, long callbackId, @Nullable String chatId) throws SQLException {
        Sql.update(connection, "UPDATE chat_room SET callback_id = NULL WHERE callback_id = ?", callbackId);
        if (chatId == null) {
            return;
        }
        long taken = Sql
                .first(connection, "SELECT coalesce(callback_id, 0) FROM chat_room WHERE chat_id = ?",
                        row -> row.getLong(1), chatId)
                .orElseThrow(() -> new RefusedException.UnknownChatRoom(chatId));
        if (taken != 0) {
            throw new RefusedException.ChatRoomTaken(chatId, taken);
        }
        Sql.update(connection, "UPDATE chat_room SET callback_id = ? WHERE chat_id = ?", callbackId, chatId);
    }

    static CallbackRecord delete(Connection connection, long id) throws SQLException {
        CallbackRecord callback = requireNotBuilding(connection, id);
        if (callback.status() == CallbackStatus.BUILD) {
            throw new RefusedException.BuildInProgress(id);
        }
        String functionId = callback.function().id();
        Sql.update(connection, "DELETE FROM callback WHERE id = ?", id);
        FunctionRows.delete(connection, functionId);
        return callback;
    }

    static Set<String> texts(Connection connection, String sql, @Nullable Object... parameters) throws SQLException {
        return new HashSet<>(Sql.list(connection, sql, row -> row.getString(1), parameters));
    }

    private static Endpoint mapEndpoint(ResultSet row, String prefix) throws SQLException {
        return new Endpoint(row.getString(prefix + "path"), row.getString(prefix + "method"),
                row.getString(prefix + "route_key"), Access.valueOf(row.getString(prefix + "auth")),
                Sql.intOrNull(row, prefix + "rate_limit"));
    }
}
