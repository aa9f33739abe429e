package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionRepository;
import io.nanogrid.db.ExecutionStatus;

/// Stateless: any thread may use it.
final class SqliteExecutions implements ExecutionRepository {
    /// Records are stored in the order in which calls end, so the oldest ones come first, and no index on the start is needed: each index
    /// is a good part of what storing a record costs.
    private static final int DELETED_AT_ONCE = 1_000;
    private static final String NEWEST_FIRST = " ORDER BY started_at DESC, id DESC LIMIT ?";

    private final Lanes lanes;

    SqliteExecutions(Lanes lanes) {
        this.lanes = lanes;
    }

    @Override
    public void insert(List<ExecutionRecord> executions) {
        lanes.write(connection -> insert(connection, executions));
    }

    @Override
    public Optional<ExecutionRecord> find(String requestId) {
        return select("request_id = ?", requestId, 1).stream().findFirst();
    }

    @Override
    public List<ExecutionRecord> listByFunction(String functionId, int limit) {
        return select("function_id = ?", functionId, limit);
    }

    @Override
    public int deleteOlderThan(Instant cutoff) {
        int total = 0;
        int deleted;
        do {
            deleted = lanes.write(connection -> Sql.update(connection,
                    "DELETE FROM execution WHERE started_at < ? AND id IN (SELECT id FROM execution ORDER BY id LIMIT ?)",
                    cutoff, DELETED_AT_ONCE));
            total += deleted;
        } while (deleted > 0);
        return total;
    }

    private List<ExecutionRecord> select(String condition, Object parameter, int limit) {
        return lanes.read(connection -> Sql.list(connection,
                "SELECT * FROM execution WHERE " + condition + NEWEST_FIRST, SqliteExecutions::map, parameter, limit));
    }

    private static int insert(Connection connection, List<ExecutionRecord> executions) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("""
                INSERT INTO execution (request_id, function_id, version, status, started_at, queue_us,
                  init_us, run_us, cold_start, peak_memory_bytes, error_type, error_message, stdout, stderr,
                  output_truncated)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""")) {
            for (ExecutionRecord e : executions) {
                Sql.bind(statement, e.requestId(), e.functionId(), e.version(), e.status(),
                        e.startedAt(), e.queue(), e.init(), e.run(), e.coldStart(), e.peakMemoryBytes(), e.errorType(),
                        e.errorMessage(), e.stdout(), e.stderr(), e.outputTruncated());
                statement.addBatch();
            }
            return statement.executeBatch().length;
        }
    }

    private static ExecutionRecord map(ResultSet row) throws SQLException {
        return new ExecutionRecord(row.getString("request_id"), row.getString("function_id"),
                row.getInt("version"),
                ExecutionStatus.valueOf(row.getString("status")), Sql.instant(row, "started_at"),
                Sql.duration(row, "queue_us"), Sql.duration(row, "init_us"), Sql.duration(row, "run_us"),
                row.getBoolean("cold_start"), Sql.longOrNull(row, "peak_memory_bytes"), row.getString("error_type"),
                row.getString("error_message"), row.getString("stdout"), row.getString("stderr"),
                row.getBoolean("output_truncated"));
    }
}
