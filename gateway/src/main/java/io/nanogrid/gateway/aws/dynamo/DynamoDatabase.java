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
import java.time.InstantSource;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// All that a cluster stores in DynamoDB. Safe for use by many threads, and by many gateways and workers at once.
public final class DynamoDatabase implements Database {

    private final Table table;
    private final Clock clock;

    public DynamoDatabase(DynamoDbClient client, String table, String gatewayId, InstantSource clock) {
        this.table = new Table(client, table);
        this.clock = new Clock(clock, gatewayId);
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
        throw new UnsupportedOperationException();
    }

    @Override
    public InvocationQueue queue() {
        throw new UnsupportedOperationException();
    }

    @Override
    public JobRepository jobs() {
        throw new UnsupportedOperationException();
    }

    @Override
    public IdempotencyRepository idempotency() {
        throw new UnsupportedOperationException();
    }

    @Override
    public KeyRepository keys() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean healthy() {
        return true;
    }

    @Override
    public void close() {
    }
}
