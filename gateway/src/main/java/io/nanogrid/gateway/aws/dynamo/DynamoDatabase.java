package io.nanogrid.gateway.aws.dynamo;

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
import io.nanogrid.gateway.aws.Blobs;
import io.nanogrid.gateway.aws.JobLedger;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// All that a cluster stores in DynamoDB. Safe for use by many threads, and by many gateways and workers at once.
public final class DynamoDatabase implements Database {

    private static final Logger LOG = LoggerFactory.getLogger(DynamoDatabase.class);

    private static final Duration BETWEEN_SIGNS = Duration.ofSeconds(30);
    private static final Duration HEALTHY_WITHIN = Duration.ofSeconds(2);

    private final Table table;
    private final Clock clock;
    private final DynamoExecutions executions;
    private final Payloads payloads;
    private final DynamoJobs jobs;
    private final InvocationQueue queue;

    /// @param table functions, callbacks and all else but the records of calls
    /// @param logsTable the records of calls
    /// @param logRetention how long records of calls are kept
    /// @param queue makes the queue that carries the jobs of this ledger
    /// @param gatewayId tells what this process left behind from what others are doing
    public DynamoDatabase(DynamoDbClient client, String table, String logsTable, Duration logRetention, Blobs blobs,
            String gatewayId, InstantSource clock, Function<JobLedger, InvocationQueue> queue) {
        this.table = new Table(client, table);
        this.clock = new Clock(clock, gatewayId);
        this.executions = new DynamoExecutions(new Table(client, logsTable), this.clock, logRetention);
        this.payloads = new Payloads(blobs);
        this.jobs = new DynamoJobs(this.table, this.clock, payloads);
        this.queue = queue.apply(jobs);
    }

    @Override
    public CallbackRepository callbacks() {
        return new DynamoCallbacks(table, clock);
    }

    @Override
    public FunctionRepository functions() {
        return new DynamoFunctions(table, clock);
    }

    @Override
    public ChatRoomRepository chatRooms() {
        return new ChatRooms(table, clock);
    }

    @Override
    public ExecutionRepository executions() {
        return executions;
    }

    @Override
    public InvocationQueue queue() {
        return queue;
    }

    @Override
    public JobRepository jobs() {
        return jobs;
    }

    @Override
    public IdempotencyRepository idempotency() {
        return new DynamoIdempotency(table, clock, payloads);
    }

    @Override
    public KeyRepository keys() {
        return new DynamoKeys(table, clock);
    }

    @Override
    public boolean healthy() {
        try {
            table.look(Changes.KEY, HEALTHY_WITHIN);
            return true;
        } catch (StorageException e) {
            LOG.warn("The table can't be read: {}", e.getMessage());
            return false;
        }
    }

    /// Has others see that this gateway lives, until it is closed. One that doesn't is taken for dead, and others may build what it was building.
    public AutoCloseable showLife() {
        return new SignsOfLife(new Makers(table, clock), BETWEEN_SIGNS);
    }

    /// How often what gateways hold in memory has been changed, by anyone.
    public long changes() {
        return Changes.count(table);
    }

    @Override
    public void close() {
        // The clients belong to whoever opened them.
        if (queue instanceof AutoCloseable closeable) {
            try {
                closeable.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
