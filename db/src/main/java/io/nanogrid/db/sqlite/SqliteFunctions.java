package io.nanogrid.db.sqlite;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;

/// Stateless: any thread may use it.
final class SqliteFunctions implements FunctionRepository {
    private static final String SELECT_FUNCTION = "SELECT f.id AS function_id, f.name AS function_name,"
            + " f.created_at AS function_created_at, f.updated_at AS function_updated_at, " + Definitions.COLUMNS
            + " FROM function f JOIN definition d ON d.id = f.draft";

    static final String SELECT_VERSION = "SELECT v.function_id, v.number, v.dependency_key, v.state,"
            + " v.created_at AS version_created_at, " + Definitions.COLUMNS
            + " FROM version v JOIN definition d ON d.id = v.definition_id";

    private final Lanes lanes;

    SqliteFunctions(Lanes lanes) {
        this.lanes = lanes;
    }

    @Override
    public Optional<FunctionRecord> find(String id) {
        return lanes.read(connection -> Sql.first(connection, SELECT_FUNCTION + " WHERE f.id = ?",
                SqliteFunctions::mapFunction, id));
    }

    @Override
    public List<VersionRecord> versions(String functionId) {
        return lanes.read(connection -> Sql.list(connection,
                SELECT_VERSION + " WHERE v.function_id = ? ORDER BY v.number DESC", SqliteFunctions::mapVersion,
                functionId));
    }

    @Override
    public Optional<VersionRecord> version(String functionId, int number) {
        return lanes.read(connection -> Sql.first(connection,
                SELECT_VERSION + " WHERE v.function_id = ? AND v.number = ?", SqliteFunctions::mapVersion, functionId,
                number));
    }

    static FunctionRecord mapFunction(ResultSet row) throws SQLException {
        return new FunctionRecord(row.getString("function_id"), row.getString("function_name"), Definitions.map(row),
                Sql.instant(row, "function_created_at"), Sql.instant(row, "function_updated_at"));
    }

    static VersionRecord mapVersion(ResultSet row) throws SQLException {
        return new VersionRecord(row.getString("function_id"), row.getInt("number"), Definitions.map(row),
                row.getString("dependency_key"), VersionState.valueOf(row.getString("state")),
                Sql.instant(row, "version_created_at"));
    }
}
