package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
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
        VersionRecord version = Versions.begin(connection, functionId, FunctionRows.draft(connection, functionId),
                now);
        Endpoint endpoint = callback.endpoint();
        Sql.update(connection, """
                INSERT INTO deployment (callback_id, version, path, method, route_key, auth, rate_limit)
                VALUES (?, ?, ?, ?, ?, ?, ?)""", id, version.number(), endpoint.path(), endpoint.method(),
                endpoint.routeKey(),
                endpoint.auth(), endpoint.rateLimit());
        setStatus(connection, id, CallbackStatus.BUILD, now);
        return version;
    }

    static CallbackRecord complete(Connection connection, long id, int version, @Nullable String dependencyKey,
            Instant now) throws SQLException {
        endBuild(connection, id, version, VersionState.READY, dependencyKey);
        return goLive(connection, id, version, now);
    }

    static CallbackRecord fail(Connection connection, long id, int version, Instant now) throws SQLException {
        CallbackRecord callback = endBuild(connection, id, version, VersionState.FAILED, null);
        Sql.update(connection, "DELETE FROM deployment WHERE callback_id = ? AND version = ?", id, version);
        setStatus(connection, id, callback.withoutBuild(), now);
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
                FROM callback c
                JOIN deployment live ON live.callback_id = c.id AND live.version = c.live_version
                JOIN deployment l ON l.callback_id = c.id AND l.deployed_at < live.deployed_at
                WHERE c.id = ? ORDER BY l.deployed_at DESC LIMIT 1""", CallbackRows::mapDeployment, id);
    }

    static CallbackRecord rollback(Connection connection, long id, Instant now) throws SQLException {
        Deployment left = CallbackRows.requireNotBuilding(connection, id).live();
        Deployment previous = previous(connection, id)
                .orElseThrow(() -> new RefusedException.NothingToRollBackTo(id));
        CallbackRows.requireRouteFree(connection, previous.endpoint(), id);
        goLive(connection, id, previous.version(), now);
        if (left != null) {
            Sql.update(connection, "DELETE FROM deployment WHERE callback_id = ? AND version = ?", id, left.version());
        }
        return CallbackRows.require(connection, id);
    }

    static int recover(Connection connection, Instant now) throws SQLException {
        Sql.update(connection, "DELETE FROM deployment WHERE deployed_at IS NULL");
        Sql.update(connection, """
                UPDATE version SET state = 'FAILED'
                WHERE state = 'BUILDING' AND function_id IN (SELECT function_id FROM callback)""");
        return Sql.update(connection, """
                UPDATE callback SET updated_at = ?, status = CASE WHEN live_version IS NULL THEN 'FAILED' ELSE 'DEPLOYED' END
                WHERE status = 'BUILD'""", now);
    }

    static CallbackRecord recover(Connection connection, long id, Instant now) throws SQLException {
        CallbackRecord callback = CallbackRows.require(connection, id);
        Sql.update(connection, "DELETE FROM deployment WHERE callback_id = ? AND deployed_at IS NULL", id);
        Sql.update(connection, "UPDATE version SET state = 'FAILED' WHERE function_id = ? AND state = 'BUILDING'",
                callback.function().id());
        if (callback.status() == CallbackStatus.BUILD) {
            setStatus(connection, id, callback.withoutBuild(), now);
        }
        return CallbackRows.require(connection, id);
    }

    static List<VersionRecord> prune(Connection connection, long id, int keep) throws SQLException {
        CallbackRecord callback = CallbackRows.require(connection, id);
        Deployment live = callback.live();
        Integer previous = previous(connection, id).map(Deployment::version).orElse(null);
        String functionId = callback.function().id();
        List<VersionRecord> old = Versions.old(connection, functionId, keep, live == null ? null : live.version(),
                previous);
        for (VersionRecord version : old) {
            Sql.update(connection, "DELETE FROM deployment WHERE callback_id = ? AND version = ?", id,
                    version.number());
            Versions.delete(connection, functionId, version.number());
        }
        return old;
    }

    static void setStatus(Connection connection, long id, CallbackStatus status, Instant now) throws SQLException {
        Sql.update(connection, "UPDATE callback SET status = ?, updated_at = ? WHERE id = ?", status, now, id);
    }

    /// The times of a callback's deployments always grow, though a clock may go back: they are the order in which it served them.
    private static CallbackRecord goLive(Connection connection, long id, int version, Instant now) throws SQLException {
        Sql.update(connection, """
                UPDATE deployment SET deployed_at = max(?1, 1 +
                  (SELECT coalesce(max(deployed_at), 0) FROM deployment WHERE callback_id = ?2))
                WHERE callback_id = ?2 AND version = ?3""", now, id, version);
        Sql.update(connection,
                "UPDATE callback SET live_version = ?, status = 'DEPLOYED', updated_at = ? WHERE id = ?", version, now,
                id);
        return CallbackRows.require(connection, id);
    }

    private static CallbackRecord endBuild(Connection connection, long id, int version, VersionState end,
            @Nullable String dependencyKey) throws SQLException {
        CallbackRecord callback = CallbackRows.require(connection, id);
        if (!Versions.end(connection, callback.function().id(), version, end, dependencyKey)) {
            throw new IllegalStateException("version %d of callback %d is not being built".formatted(version, id));
        }
        return callback;
    }
}
