package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.Deployment;
import io.nanogrid.db.Endpoint;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import org.jspecify.annotations.Nullable;

/// The steps of a deploy, each inside a caller's transaction. A `BUILDING` version has a deployment without `deployed_at` beside it.
final class Deploys {
    private Deploys() {
    }

    static VersionRecord begin(Connection connection, long id, Instant now) throws SQLException {
        CallbackRecord callback = CallbackRows.requireNotBuilding(connection, id);
        String functionId = callback.function().id();
        int number = Sql.first(connection,
                "UPDATE function SET last_version = last_version + 1 WHERE id = ? RETURNING last_version",
                row -> row.getInt(1), functionId).orElseThrow();
        Sql.update(connection, """
                INSERT INTO version (function_id, number, definition_id, state, created_at)
                SELECT id, ?, draft, 'BUILDING', ? FROM function WHERE id = ?""", number, now, functionId);
        Endpoint endpoint = callback.endpoint();
        Sql.update(connection, """
                INSERT INTO deployment (callback_id, version, path, method, route_key, auth, rate_limit)
                VALUES (?, ?, ?, ?, ?, ?, ?)""", id, number, endpoint.path(), endpoint.method(), endpoint.routeKey(),
                endpoint.auth(), endpoint.rateLimit());
        setStatus(connection, id, CallbackStatus.BUILD, now);
        return Sql.first(connection, SqliteFunctions.SELECT_VERSION + " WHERE v.function_id = ? AND v.number = ?",
                SqliteFunctions::mapVersion, functionId, number).orElseThrow();
    }

    static CallbackRecord complete(Connection connection, long id, int version, @Nullable String dependencyKey,
            Instant now) throws SQLException {
        endBuild(connection, id, version, VersionState.READY, dependencyKey);
        return goLive(connection, id, version, now);
    }

    static CallbackRecord fail(Connection connection, long id, int version, Instant now) throws SQLException {
        CallbackRecord callback = endBuild(connection, id, version, VersionState.FAILED, null);
        Sql.update(connection, "DELETE FROM deployment WHERE callback_id = ? AND version = ?", id, version);
        setStatus(connection, id, callback.live() == null ? CallbackStatus.FAILED : CallbackStatus.DEPLOYED, now);
        return CallbackRows.require(connection, id);
    }

    static CallbackRecord undeploy(Connection connection, long id, Instant now) throws SQLException {
        CallbackRows.requireNotBuilding(connection, id);
        Sql.update(connection,
                "UPDATE callback SET live_version = NULL, status = 'UNDEPLOYED', updated_at = ? WHERE id = ?", now, id);
        return CallbackRows.require(connection, id);
    }

    static Optional<Deployment> previous(Connection connection, long id) throws SQLException {
        return Sql.first(connection, "SELECT " + CallbackRows.DEPLOYMENT_COLUMNS + """
                FROM deployment l JOIN callback c ON c.id = l.callback_id
                WHERE c.id = ? AND l.version < c.live_version AND l.deployed_at IS NOT NULL
                ORDER BY l.version DESC LIMIT 1""", CallbackRows::mapDeployment, id);
    }

    static CallbackRecord rollback(Connection connection, long id, Instant now) throws SQLException {
        CallbackRows.requireNotBuilding(connection, id);
        Deployment previous = previous(connection, id)
                .orElseThrow(() -> new RefusedException.NothingToRollBackTo(id));
        CallbackRows.requireRouteFree(connection, previous.endpoint(), id);
        return goLive(connection, id, previous.version(), now);
    }

    static int recover(Connection connection, Instant now) throws SQLException {
        Sql.update(connection, "DELETE FROM deployment WHERE deployed_at IS NULL");
        Sql.update(connection, "UPDATE version SET state = 'FAILED' WHERE state = 'BUILDING'");
        return Sql.update(connection, """
                UPDATE callback SET updated_at = ?, status = CASE WHEN live_version IS NULL THEN 'FAILED' ELSE 'DEPLOYED' END
                WHERE status = 'BUILD'""", now);
    }

    static void setStatus(Connection connection, long id, CallbackStatus status, Instant now) throws SQLException {
        Sql.update(connection, "UPDATE callback SET status = ?, updated_at = ? WHERE id = ?", status, now, id);
    }

    private static CallbackRecord goLive(Connection connection, long id, int version, Instant now) throws SQLException {
        Sql.update(connection, "UPDATE deployment SET deployed_at = ? WHERE callback_id = ? AND version = ?", now, id,
                version);
        Sql.update(connection,
                "UPDATE callback SET live_version = ?, status = 'DEPLOYED', updated_at = ? WHERE id = ?", version, now,
                id);
        return CallbackRows.require(connection, id);
    }

    private static CallbackRecord endBuild(Connection connection, long id, int version, VersionState end,
            @Nullable String dependencyKey) throws SQLException {
        CallbackRecord callback = CallbackRows.require(connection, id);
        int changed = Sql.update(connection, """
                UPDATE version SET state = ?, dependency_key = ?
                WHERE function_id = ? AND number = ? AND state = 'BUILDING'""", end, dependencyKey,
                callback.function().id(), version);
        if (changed == 0) {
            throw new IllegalStateException("version %d of callback %d is not being built".formatted(version, id));
        }
        return callback;
    }
}
