package io.nanogrid.db.sqlite;

import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobRepository;
import io.nanogrid.db.JobState;
import io.nanogrid.db.Page;
import io.nanogrid.db.sqlite.Cursors.Placed;
import org.jspecify.annotations.Nullable;

/// Stateless: any thread may use it.
final class SqliteJobs implements JobRepository {
    private static final String LIST = "jobs";
    private static final int DELETED_AT_ONCE = 100;

    private final Lanes lanes;

    SqliteJobs(Lanes lanes) {
        this.lanes = lanes;
    }

    @Override
    public Optional<JobRecord> find(String id) {
        return lanes.read(connection -> JobRows.find(connection, JobRows.WHOLE, id));
    }

    @Override
    public Optional<JobRecord> findWithoutInput(String id) {
        return lanes.read(connection -> JobRows.find(connection, JobRows.WITHOUT_INPUT, id));
    }

    @Override
    public Page<JobRecord> list(@Nullable JobState state, int limit, @Nullable String cursor) {
        long[] after = Cursors.decode(LIST, 1, cursor);
        String wanted = state == null ? "?1 IS NULL" : "state = ?1";
        List<Placed<JobRecord>> found = lanes.read(connection -> Sql.list(connection,
                "SELECT " + JobRows.SHORT + " FROM job WHERE " + wanted + " AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
                row -> new Placed<>(JobRows.map(row), row.getLong("seq")), state, after[0], limit + 1L));
        return Cursors.page(LIST, found, limit);
    }

    @Override
    public Map<JobState, Long> counts() {
        return lanes.read(connection -> {
            var counts = new EnumMap<JobState, Long>(JobState.class);
            for (JobState state : JobState.values()) {
                counts.put(state, Sql.first(connection, "SELECT count(*) FROM job WHERE state = ?",
                        row -> row.getLong(1), state).orElseThrow());
            }
            return counts;
        });
    }

    @Override
    public int deleteEndedBefore(Instant cutoff) {
        return lanes.writeUntilZero(connection -> Sql.update(connection,
                "DELETE FROM job WHERE seq IN (SELECT seq FROM job WHERE ended_at < ? LIMIT ?)", cutoff,
                DELETED_AT_ONCE));
    }
}
