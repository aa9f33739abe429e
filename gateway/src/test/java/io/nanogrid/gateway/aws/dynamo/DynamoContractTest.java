package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.CallbackRepositoryContract;
import io.nanogrid.db.ChatRoomRepositoryContract;
import io.nanogrid.db.Contract;
import io.nanogrid.db.Database;
import io.nanogrid.db.DeployContract;
import io.nanogrid.db.ExecutionRepositoryContract;
import io.nanogrid.db.FunctionRepositoryContract;
import io.nanogrid.db.IdempotencyRepositoryContract;
import io.nanogrid.db.InvocationQueueContract;
import io.nanogrid.db.JobRepositoryContract;
import io.nanogrid.db.KeyRepositoryContract;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Each test has tables of its own, which outlive the database that it closes and opens again.
class DynamoContractTest {

    @RegisterExtension
    static final ParameterResolver STORAGE = Contract.of(DynamoContractTest::database, Duration.ofSeconds(10));

    private static LocalTables tables;

    @BeforeAll
    static void start() {
        tables = new LocalTables();
    }

    @AfterAll
    static void stop() {
        tables.close();
    }

    private static Database database(Path directory) {
        return tables.open("t" + directory.toString().replaceAll("[^A-Za-z0-9]", ""), Duration.ofDays(3650),
                "gateway-1", InstantSource.system());
    }

    @Nested
    class Callbacks extends CallbackRepositoryContract {
    }

    @Nested
    class Deploying extends DeployContract {
    }

    @Nested
    class Functions extends FunctionRepositoryContract {
    }

    @Nested
    class ChatRooms extends ChatRoomRepositoryContract {
    }

    @Nested
    class Executions extends ExecutionRepositoryContract {
    }

    @Nested
    class Keys extends KeyRepositoryContract {
    }

    @Nested
    class Idempotency extends IdempotencyRepositoryContract {
    }

    @Nested
    class Queue extends InvocationQueueContract {
    }

    @Nested
    class Jobs extends JobRepositoryContract {
    }
}
