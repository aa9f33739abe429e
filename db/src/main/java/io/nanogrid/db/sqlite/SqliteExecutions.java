package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

import io.nanogrid.db.ExecutionFilter;
import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionRepository;
import io.nanogrid.db.ExecutionStatus;
import io.nanogrid.db.Page;
import io.nanogrid.db.Peak;
import io.nanogrid.db.sqlite.Cursors.Placed;
import org.jspecify.annotations.Nullable;

/// Stateless: any thread may use it.
final class SqliteExecutions implements ExecutionRepository {
    /// Records are stored in the order in which calls end, so the oldest ones come first, and no index on the start is needed: each index
    /// is a good part of what storing a record costs.
    private static final int DELETED_AT_ONCE = 1_000;
    /// Records that aren't old may stand in front: of a time when the clock was ahead, or of before a very long call.
    private static final int TRIES_IN_VAIN = 10;

    private static final int SEARCHED_FOR_PEAKS = 10_000;
    private static final String LIST = "executions";

    private final Lanes lanes;

    SqliteExecutions(Lanes lanes) {
        this.lanes = lanes;
    }

    @Override
    public void insert(List<ExecutionRecord> executions) {
        lanes.write(connection -> insert(connection, executions));
    }

    @Override
    public Page<ExecutionRecord> list(String functionId, ExecutionFilter filter, int limit, @Nullable String cursor) {
        long[] after = Cursors.decode(LIST, 2, cursor);
        var sql = new StringBuilder("SELECT * FROM execution WHERE function_id = ? AND (started_at, id) < (?, ?)");
        var parameters = new ArrayList<Object>(List.of(functionId, after[0], after[1]));
        if (filter.since() != null) {
            sql.append(" AND started_at >= ?");
            parameters.add(filter.since());
        }
        if (filter.until() != null) {
            sql.append(" AND started_at < ?");
            parameters.add(filter.until());
        }
        if (filter.statuses() != null) {
            sql.append(" AND status IN (").append(String.join(", ", Collections.nCopies(filter.statuses().size(), "?")))
                    .append(')');
            parameters.addAll(filter.statuses());
            // Says to SQLite that the index of what went wrong will do.
            sql.append(filter.statuses().contains(ExecutionStatus.SUCCESS) ? "" : " AND status <> 'SUCCESS'");
        }
        sql.append(" ORDER BY started_at DESC, id DESC LIMIT ?");
        parameters.add(limit + 1L);
        List<Placed<ExecutionRecord>> found = lanes.read(connection -> Sql.list(connection, sql.toString(),
                row -> new Placed<>(map(row), row.getLong("started_at"), row.getLong("id")), parameters.toArray()));
        return Cursors.page(LIST, found, limit);
    }

    @Override
    public List<Peak> peaks(String functionId, int version, int limit) {
        return lanes.read(connection -> Sql.list(connection, """
                SELECT peak_memory_bytes, started_at FROM execution
                WHERE function_id = ?1 AND version = ?2 AND peak_memory_bytes IS NOT NULL AND started_at > coalesce(
                  (SELECT started_at FROM execution WHERE function_id = ?1 ORDER BY started_at DESC LIMIT 1 OFFSET ?3), 0)
                ORDER BY started_at DESC, id DESC LIMIT ?4""",
                row -> new Peak(row.getLong("peak_memory_bytes"), Sql.instant(row, "started_at")), functionId,
                version, SEARCHED_FOR_PEAKS, limit));
    }

    @Override
    public int deleteOlderThan(Instant cutoff) {
        int total = 0;
        int inVain = 0;
        long from = 0;
        while (inVain < TRIES_IN_VAIN) {
            Optional<Long> to = windowAfter(from);
            if (to.isEmpty()) {
                break;
            }
            int deleted = delete(from, to.get(), cutoff);
            inVain = deleted == 0 ? inVain + 1 : 0;
            total += deleted;
            from = to.get();
        }
        return total;
    }

    /// The last id of the next records, if there are any.
    private Optional<Long> windowAfter(long id) {
        return lanes.read(connection -> Sql.first(connection,
                "SELECT max(id) FROM (SELECT id FROM execution WHERE id > ? ORDER BY id LIMIT ?) HAVING count(*) > 0",
                row -> row.getLong(1), id, DELETED_AT_ONCE));
    }

    private int delete(long after, long last, Instant cutoff) {
        return lanes.write(connection -> Sql.update(connection,
                "DELETE FROM execution WHERE id > ? AND id <= ? AND started_at < ?", after, last, cutoff));
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
