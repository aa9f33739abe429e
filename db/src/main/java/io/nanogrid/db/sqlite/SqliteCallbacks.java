package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.Deployment;
import io.nanogrid.db.Endpoint;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.LiveRoute;
import io.nanogrid.db.VersionRecord;
import org.jspecify.annotations.Nullable;

/// Stateless: any thread may use it.
final class SqliteCallbacks implements CallbackRepository {
    private static final String UNTOUCHED = "SELECT 1 FROM sqlite_sequence WHERE name = 'callback' AND seq = 1000";

    private static final String SELECT_LIVE = """
            SELECT f.name AS function_name, v.function_id, v.number, v.dependency_key, v.state,
              v.created_at AS version_created_at,
            """ + Definitions.COLUMNS + ", " + CallbackRows.DEPLOYMENT_COLUMNS + """
            FROM callback c
            JOIN deployment l ON l.callback_id = c.id AND l.version = c.live_version
            JOIN function f ON f.id = c.function_id
            JOIN version v ON v.function_id = c.function_id AND v.number = c.live_version
            JOIN definition d ON d.id = v.definition_id
            """;

    private final Lanes lanes;
    private final InstantSource clock;

    SqliteCallbacks(Lanes lanes, InstantSource clock) {
        this.lanes = lanes;
        this.clock = clock;
    }

    @Override
    public CallbackRecord create(CallbackDraft draft) {
        return lanes.write(connection -> insert(connection, draft, CallbackStatus.PENDING));
    }

    @Override
    public boolean seed(List<CallbackDraft> drafts) {
        return lanes.write(connection -> {
            if (!Sql.exists(connection, UNTOUCHED)) {
                return false;
            }
            for (CallbackDraft draft : drafts) {
                insert(connection, draft, CallbackStatus.NOT_DEPLOYED);
            }
            return true;
        });
    }

    @Override
    public boolean untouched() {
        return lanes.read(connection -> Sql.exists(connection, UNTOUCHED));
    }

    @Override
    public Optional<CallbackRecord> find(long id) {
        return lanes.read(connection -> CallbackRows.find(connection, id));
    }

    @Override
    public Optional<CallbackRecord> findByRoute(String routeKey, String method) {
        return lanes.read(connection -> Sql.first(connection,
                CallbackRows.SELECT + " WHERE c.route_key = ? AND c.method = ?", CallbackRows::map, routeKey, method));
    }

    @Override
    public List<CallbackRecord> list() {
        return lanes
                .read(connection -> Sql.list(connection, CallbackRows.SELECT + " ORDER BY c.id", CallbackRows::map));
    }

    @Override
    public CallbackRecord update(long id, CallbackDraft draft) {
        return lanes.write(connection -> update(connection, id, draft));
    }

    @Override
    public CallbackRecord delete(long id) {
        return lanes.write(connection -> CallbackRows.delete(connection, id));
    }

    @Override
    public CallbackRecord setStatus(long id, CallbackStatus status) {
        return lanes.write(connection -> {
            CallbackRows.require(connection, id).requireFits(status);
            Deploys.setStatus(connection, id, status, clock.instant());
            return CallbackRows.require(connection, id);
        });
    }

    @Override
    public VersionRecord beginVersion(long id) {
        return lanes.write(connection -> Deploys.begin(connection, id, clock.instant()));
    }

    @Override
    public CallbackRecord completeDeployment(long id, int version, @Nullable String dependencyKey) {
        return lanes.write(connection -> Deploys.complete(connection, id, version, dependencyKey, clock.instant()));
    }

    @Override
    public CallbackRecord failDeployment(long id, int version) {
        return lanes.write(connection -> Deploys.fail(connection, id, version, clock.instant()));
    }

    @Override
    public CallbackRecord undeploy(long id) {
        return lanes.write(connection -> Deploys.undeploy(connection, id, clock.instant()));
    }

    @Override
    public Optional<Deployment> previousDeployment(long id) {
        return lanes.read(connection -> Deploys.previous(connection, id));
    }

    @Override
    public CallbackRecord rollback(long id) {
        return lanes.write(connection -> Deploys.rollback(connection, id, clock.instant()));
    }

    @Override
    public List<LiveRoute> liveRoutes() {
        return lanes.read(connection -> Sql.list(connection, SELECT_LIVE + " ORDER BY c.id", SqliteCallbacks::mapLive));
    }

    @Override
    public int recoverInterrupted() {
        return lanes.write(connection -> Deploys.recover(connection, clock.instant()));
    }

    @Override
    public CallbackRecord recoverInterrupted(long id) {
        return lanes.write(connection -> Deploys.recover(connection, id, clock.instant()));
    }

    @Override
    public List<VersionRecord> pruneVersions(long id, int keep) {
        return lanes.write(connection -> Deploys.prune(connection, id, keep));
    }

    @Override
    public Set<String> codeHashesInUse() {
        return lanes.read(connection -> CallbackRows.texts(connection, "SELECT DISTINCT code_hash FROM definition"));
    }

    @Override
    public Set<String> codeHashesInUse(Set<String> among) {
        return lanes.read(connection -> {
            Set<String> used = new HashSet<>();
            for (String hash : among) {
                if (Sql.exists(connection, "SELECT 1 FROM definition WHERE code_hash = ?", hash)) {
                    used.add(hash);
                }
            }
            return used;
        });
    }

    @Override
    public Set<String> dependencyKeysInUse() {
        return lanes.read(connection -> CallbackRows.texts(connection,
                "SELECT DISTINCT dependency_key FROM version WHERE dependency_key IS NOT NULL"));
    }

    private CallbackRecord insert(Connection connection, CallbackDraft draft, CallbackStatus status)
            throws SQLException {
        Instant now = clock.instant();
        Endpoint endpoint = draft.endpoint();
        CallbackRows.requireRouteFree(connection, endpoint, 0);
        String functionId = FunctionRows.insert(connection, new FunctionDraft(draft.name(), null, draft.definition()),
                now);
        long id = Sql.insert(connection, """
                INSERT INTO callback (function_id, path, method, route_key, auth, rate_limit, status, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""", functionId, endpoint.path(), endpoint.method(),
                endpoint.routeKey(), endpoint.auth(), endpoint.rateLimit(), status, now, now);
        CallbackRows.linkRoom(connection, id, draft.chatId());
        return CallbackRows.require(connection, id);
    }

    private CallbackRecord update(Connection connection, long id, CallbackDraft draft) throws SQLException {
        Instant now = clock.instant();
        Endpoint endpoint = draft.endpoint();
        String functionId = CallbackRows.require(connection, id).function().id();
        CallbackRows.requireRouteFree(connection, endpoint, id);
        FunctionRows.update(connection, functionId, new FunctionDraft(draft.name(), null, draft.definition()), now);
        Sql.update(connection, """
                UPDATE callback SET path = ?, method = ?, route_key = ?, auth = ?, rate_limit = ?, updated_at = ?
                WHERE id = ?""", endpoint.path(), endpoint.method(), endpoint.routeKey(), endpoint.auth(),
                endpoint.rateLimit(), now, id);
        CallbackRows.linkRoom(connection, id, draft.chatId());
        return CallbackRows.require(connection, id);
    }

    private static LiveRoute mapLive(ResultSet row) throws SQLException {
        return new LiveRoute(CallbackRows.mapDeployment(row), row.getString("function_name"),
                Versions.map(row));
    }
}
