package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobState;

/// Rows of `job` and `job_input`, inside a caller's transaction.
final class JobRows {
    private static final String COLUMNS = "seq, id, state, attempts, accepted_at, started_at, ended_at, function_id, version,"
            + " request_id, event, traceparent, retry_of, reason";

    static final String WHOLE = COLUMNS
            + ", result, (SELECT input FROM job_input WHERE job_input.seq = job.seq) AS input";

    static final String WITHOUT_INPUT = COLUMNS + ", result, x'' AS input";

    /// Without what may be large.
    static final String SHORT = COLUMNS + ", NULL AS result, x'' AS input";

    private JobRows() {
    }

    static JobRecord map(ResultSet row) throws SQLException {
        var draft = new JobDraft(row.getString("id"), row.getString("function_id"), Sql.intOrNull(row, "version"),
                row.getString("request_id"), row.getBytes("input"), row.getBoolean("event"),
                row.getString("traceparent"), row.getString("retry_of"));
        return new JobRecord(draft, JobState.valueOf(row.getString("state")), row.getInt("attempts"),
                Sql.instant(row, "accepted_at"), Sql.instantOrNull(row, "started_at"),
                Sql.instantOrNull(row, "ended_at"), row.getBytes("result"), row.getString("reason"));
    }

    /// @param columns one of the constants of this class
    static Optional<JobRecord> find(Connection connection, String columns, String id) throws SQLException {
        return Sql.first(connection, "SELECT " + columns + " FROM job WHERE id = ?", JobRows::map, id);
    }
}
