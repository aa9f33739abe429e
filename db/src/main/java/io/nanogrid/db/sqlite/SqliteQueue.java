package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobState;
import io.nanogrid.db.RefusedException;
import org.jspecify.annotations.Nullable;

/// The one queue of a database: claims that wait learn from it what was put. Any thread may use it.
final class SqliteQueue implements InvocationQueue {
    private final Lanes lanes;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    /// How often jobs have become `PENDING`. Guarded by `lock`.
    private long arrivals;

    SqliteQueue(Lanes lanes, InstantSource clock) {
        this.lanes = lanes;
        this.clock = clock;
    }

    @Override
    public JobRecord put(JobDraft draft, int maxPending) {
        JobRecord job = lanes.writeSynced(connection -> insert(connection, draft, maxPending));
        signal();
        return job;
    }

    @Override
    public List<JobRecord> claim(int max, Set<String> except, Duration wait) throws InterruptedException {
        long start = System.nanoTime();
        while (true) {
            long seen = arrivals();
            List<JobRecord> claimed = claimNow(max, except);
            if (!claimed.isEmpty()
                    || !awaitArrival(seen, TimeUnit.NANOSECONDS.convert(wait) - (System.nanoTime() - start))) {
                return claimed;
            }
        }
    }

    @Override
    public boolean complete(String id, byte[] result) {
        return end(id, JobState.DONE, result, null);
    }

    @Override
    public boolean giveUp(String id, byte[] result, String reason) {
        return end(id, JobState.DEAD, result, reason);
    }

    @Override
    public boolean giveBack(String id, boolean counts) {
        int changed = lanes.write(connection -> Sql.update(connection, """
                UPDATE job SET state = 'PENDING', started_at = NULL, attempts = attempts - ?1
                WHERE id = ?2 AND state = 'RUNNING' AND attempts - ?1 < ?3""", counts ? 0 : 1, id, MAX_ATTEMPTS));
        if (changed > 0) {
            signal();
        }
        return changed > 0;
    }

    @Override
    public int recover(Function<JobRecord, byte[]> resultOfTheDead) {
        int dead = 0;
        for (Optional<JobRecord> job = exhausted(); job.isPresent(); job = exhausted()) {
            String reason = "the gateway died during each of its %d attempts".formatted(MAX_ATTEMPTS);
            giveUp(job.get().draft().id(), resultOfTheDead.apply(job.get().dead(reason)), reason);
            dead++;
        }
        int pending = lanes.write(connection -> Sql.update(connection,
                "UPDATE job SET state = 'PENDING', started_at = NULL WHERE state = 'RUNNING'"));
        signal();
        return dead + pending;
    }

    private JobRecord insert(Connection connection, JobDraft draft, int maxPending) throws SQLException {
        long pending = Sql.first(connection,
                "SELECT count(*) FROM (SELECT 1 FROM job WHERE state = 'PENDING' LIMIT ?)", row -> row.getLong(1),
                maxPending).orElseThrow();
        if (pending >= maxPending) {
            throw new RefusedException.QueueFull(maxPending);
        }
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        long seq = Sql.first(connection, """
                INSERT INTO job (id, state, accepted_at, function_id, version, request_id, event, traceparent, retry_of)
                VALUES (?, 'PENDING', ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING seq""",
                row -> row.getLong(1), draft.id(), now, draft.functionId(), draft.version(),
                draft.requestId(), draft.event(), draft.traceparent(), draft.retryOf())
                .orElseThrow(() -> new IllegalArgumentException("there already is a job '%s'".formatted(draft.id())));
        Sql.update(connection, "INSERT INTO job_input VALUES (?, ?)", seq, draft.input());
        return new JobRecord(draft, JobState.PENDING, 0, now, null, null, null, null);
    }

    private List<JobRecord> claimNow(int max, Set<String> except) {
        return except.isEmpty() || waits(except) ? claimFirst(max, except) : List.of();
    }

    /// Asked of a reader, as the look over all jobs of busy functions takes a while and would keep others from writing.
    private boolean waits(Set<String> except) {
        return lanes.read(connection -> Sql.exists(connection,
                "SELECT 1 FROM job WHERE state = 'PENDING'" + others(except) + " LIMIT 1", except.toArray()));
    }

    private static String others(Set<String> except) {
        return except.isEmpty() ? "" : " AND function_id NOT IN (" + "?, ".repeat(except.size() - 1) + "?)";
    }

    private List<JobRecord> claimFirst(int max, Set<String> except) {
        String sql = """
                UPDATE job SET state = 'RUNNING', attempts = attempts + 1, started_at = ?
                WHERE seq IN (SELECT seq FROM job WHERE state = 'PENDING'%s ORDER BY seq LIMIT ?)
                RETURNING %s""".formatted(others(except), JobRows.WHOLE);
        List<Object> parameters = new ArrayList<>(except);
        parameters.addFirst(clock.instant());
        parameters.addLast(max);
        return lanes.write(connection -> Sql.list(connection, sql,
                row -> new Claimed(row.getLong("seq"), JobRows.map(row)), parameters.toArray())).stream()
                .sorted(Comparator.comparing(Claimed::seq)).map(Claimed::job).toList();
    }

    private boolean end(String id, JobState state, byte[] result, @Nullable String reason) {
        return lanes.write(connection -> Sql.update(connection,
                "UPDATE job SET state = ?, ended_at = ?, result = ?, reason = ? WHERE id = ? AND state = 'RUNNING'",
                state, clock.instant(), result, reason, id)) > 0;
    }

    private Optional<JobRecord> exhausted() {
        return lanes.read(connection -> Sql.first(connection,
                "SELECT " + JobRows.WHOLE + " FROM job WHERE state = 'RUNNING' AND attempts >= ? LIMIT 1",
                JobRows::map, MAX_ATTEMPTS));
    }

    private long arrivals() {
        lock.lock();
        try {
            return arrivals;
        } finally {
            lock.unlock();
        }
    }

    private void signal() {
        lock.lock();
        try {
            arrivals++;
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// @return false when the time is over
    private boolean awaitArrival(long seen, long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (arrivals == seen) {
                if (left <= 0) {
                    return false;
                }
                left = arrived.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private record Claimed(long seq, JobRecord job) {
    }
}
