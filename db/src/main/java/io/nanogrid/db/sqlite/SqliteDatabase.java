package io.nanogrid.db.sqlite;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;

import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.ChatRoomRepository;
import io.nanogrid.db.Database;
import io.nanogrid.db.ExecutionRepository;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.IdempotencyRepository;
import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobRepository;
import io.nanogrid.db.KeyRepository;
import io.nanogrid.db.StorageException;

/// A {@link Database} in `db/nanogrid.db` below the data directory, for one process at a time.
public final class SqliteDatabase implements Database {
    private static final KeptCalls KEPT_CALLS = new KeptCalls(500_000, 256L << 20);
    private static final Duration HEALTH_TIMEOUT = Duration.ofSeconds(2);

    private final Lanes lanes;
    private final InstantSource clock;
    private final InvocationQueue queue;

    private SqliteDatabase(Lanes lanes, InstantSource clock) {
        this.lanes = lanes;
        this.clock = clock;
        this.queue = new SqliteQueue(lanes, clock);
    }

    public static SqliteDatabase open(Path dataDir) {
        return open(dataDir, InstantSource.system());
    }

    /// Makes the database where there is none, and brings an older one up to date.
    ///
    /// @throws StorageException where the directory can't be written, or the file is damaged or was made by a newer version
    public static SqliteDatabase open(Path dataDir, InstantSource clock) {
        Lanes lanes = Lanes.open(DataFiles.prepare(dataDir));
        try {
            lanes.write(connection -> Migrations.apply(connection, clock));
            return new SqliteDatabase(lanes, clock);
        } catch (RuntimeException e) {
            lanes.close();
            throw e;
        }
    }

    @Override
    public CallbackRepository callbacks() {
        return new SqliteCallbacks(lanes, clock);
    }

    @Override
    public FunctionRepository functions() {
        return new SqliteFunctions(lanes, clock);
    }

    @Override
    public ChatRoomRepository chatRooms() {
        return new SqliteChatRooms(lanes, clock);
    }

    @Override
    public ExecutionRepository executions() {
        return new SqliteExecutions(lanes);
    }

    @Override
    public InvocationQueue queue() {
        return queue;
    }

    @Override
    public JobRepository jobs() {
        return new SqliteJobs(lanes);
    }

    @Override
    public IdempotencyRepository idempotency() {
        return new SqliteIdempotency(lanes, clock, KEPT_CALLS);
    }

    @Override
    public KeyRepository keys() {
        return new SqliteKeys(lanes);
    }

    @Override
    public boolean healthy() {
        return lanes.respondWithin(HEALTH_TIMEOUT);
    }

    @Override
    public void close() {
        lanes.close();
    }

    Lanes lanes() {
        return lanes;
    }
}
