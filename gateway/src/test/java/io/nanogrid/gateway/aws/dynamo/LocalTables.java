package io.nanogrid.gateway.aws.dynamo;

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
import java.time.Duration;
import java.time.InstantSource;

/// Tables of any names on this machine, and what else a database needs that is in them.
final class LocalTables implements AutoCloseable {

    private final LocalCloud cloud = LocalCloud.with(Service.DYNAMODB, Service.S3, Service.SQS);
    private final AwsClients clients = new AwsClients(cloud.config());

    /// @param name of the tables, which are made where they aren't there
    DynamoDatabase open(String name, Duration logRetention, String gateway, InstantSource clock) {
        ClusterConfig config = cloud.config("TABLE_NAME", name, "LOGS_TABLE_NAME", name + "-logs", "SQS_URL",
                cloud.server(Service.SQS).uri() + "/000000000000/" + name);
        try {
            new Resources(clients, config).prepare();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new DynamoDatabase(clients.dynamoDb(), name, name + "-logs", logRetention,
                new S3Blobs(clients.s3(), config.bucket()), gateway, clock,
                ledger -> new SqsQueue(clients, SqsAddress.of(clients.sqs(), config.queueName()), ledger, 10,
                        Duration.ofSeconds(1)));
    }

    @Override
    public void close() {
        clients.close();
        cloud.close();
    }
}
