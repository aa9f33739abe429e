package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;

import io.nanogrid.db.IdempotencyKey;
import io.nanogrid.db.IdempotencyRepository;

/// Stateless: any thread may use it.
final class SqliteIdempotency implements IdempotencyRepository {
    private static final int DELETED_AT_ONCE = 100;

    private final Lanes lanes;
    private final InstantSource clock;
    private final KeptCalls kept;

    SqliteIdempotency(Lanes lanes, InstantSource clock, KeptCalls kept) {
        this.lanes = lanes;
        this.clock = clock;
        this.kept = kept;
    }

    private enum State {
        RUNNING, UNKNOWN, FINISHED, DROPPED
    }

    @Override
    public Claim claim(IdempotencyKey key, byte[] bodyHash, Instant expires) {
        return lanes.write(connection -> {
            Optional<Claim> earlier = Sql.first(connection, """
                    SELECT * FROM idempotency
                    WHERE caller = ? AND scope = ? AND key = ? AND (expires_at > ? OR state = 'RUNNING')""",
                    row -> map(row, bodyHash), key.caller(), key.scope(), key.key(), clock.instant());
            if (earlier.isPresent()) {
                return earlier.get();
            }
            insert(connection, key, bodyHash, expires);
            kept.forgetSome(connection);
            return new Claim.Fresh();
        });
    }

    @Override
    public void finish(IdempotencyKey key, byte[] response) {
        lanes.write(connection -> {
            int finished = Sql.update(connection, """
                    UPDATE idempotency SET state = 'FINISHED', response = ?
                    WHERE caller = ? AND scope = ? AND key = ? AND state = 'RUNNING'""", response, key.caller(),
                    key.scope(), key.key());
            kept.dropSomeAnswers(connection);
            return finished;
        });
    }

    @Override
    public void release(IdempotencyKey key) {
        lanes.write(connection -> Sql.update(connection,
                "DELETE FROM idempotency WHERE caller = ? AND scope = ? AND key = ? AND state = 'RUNNING'",
                key.caller(), key.scope(), key.key()));
    }

    @Override
    public void giveUp(IdempotencyKey key) {
        lanes.write(connection -> Sql.update(connection, """
                UPDATE idempotency SET state = 'UNKNOWN'
                WHERE caller = ? AND scope = ? AND key = ? AND state = 'RUNNING'""", key.caller(), key.scope(),
                key.key()));
    }

    @Override
    public int recover() {
        return lanes.write(connection -> Sql.update(connection,
                "UPDATE idempotency SET state = 'UNKNOWN' WHERE state = 'RUNNING'"));
    }

    @Override
    public int deleteExpired(Instant now) {
        return lanes.writeUntilZero(connection -> Sql.update(connection, """
                DELETE FROM idempotency WHERE rowid IN
                  (SELECT rowid FROM idempotency WHERE expires_at <= ? AND state <> 'RUNNING' LIMIT ?)""", now,
                DELETED_AT_ONCE));
    }

    private static void insert(Connection connection, IdempotencyKey key, byte[] bodyHash, Instant expires)
            throws SQLException {
        Sql.update(connection, "DELETE FROM idempotency WHERE caller = ? AND scope = ? AND key = ?", key.caller(),
                key.scope(), key.key());
        Sql.update(connection, """
                INSERT INTO idempotency (caller, scope, key, body_hash, state, expires_at)
                VALUES (?, ?, ?, ?, 'RUNNING', ?)""", key.caller(), key.scope(), key.key(), bodyHash, expires);
    }

    private static Claim map(ResultSet row, byte[] bodyHash) throws SQLException {
        if (!Arrays.equals(row.getBytes("body_hash"), bodyHash)) {
            return new Claim.Conflict();
        }
        return switch (State.valueOf(row.getString("state"))) {
            case RUNNING -> new Claim.Running();
            case UNKNOWN -> new Claim.Unknown();
            case DROPPED -> new Claim.Dropped();
            case FINISHED -> new Claim.Finished(row.getBytes("response"));
        };
    }
}
