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
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.Resources;
import io.nanogrid.gateway.aws.s3.S3Blobs;
import io.nanogrid.gateway.aws.sqs.SqsAddress;
import io.nanogrid.gateway.aws.sqs.SqsQueue;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.config.ClusterConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
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

    private static LocalCloud cloud;
    private static AwsClients clients;

    @BeforeAll
    static void start() {
        cloud = LocalCloud.with(Service.DYNAMODB, Service.S3, Service.SQS);
        clients = new AwsClients(cloud.config());
    }

    @AfterAll
    static void stop() {
        clients.close();
        cloud.close();
    }

    private static Database database(Path directory) {
        String name = "t" + directory.toString().replaceAll("[^A-Za-z0-9]", "");
        ClusterConfig config = cloud.config("TABLE_NAME", name, "LOGS_TABLE_NAME", name + "-logs", "SQS_URL",
                cloud.server(Service.SQS).uri() + "/000000000000/" + name);
        try {
            new Resources(clients, config).prepare();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new DynamoDatabase(clients.dynamoDb(), name, name + "-logs", Duration.ofDays(3650),
                new S3Blobs(clients.s3(), config.bucket()), "gateway-1", InstantSource.system(),
                ledger -> new SqsQueue(clients, SqsAddress.of(clients.sqs(), config.queueName()), ledger, 10,
                        Duration.ofSeconds(1)));
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
