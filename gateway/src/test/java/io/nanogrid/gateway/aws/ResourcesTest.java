package io.nanogrid.gateway.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.config.ClusterConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.TimeToLiveStatus;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

class ResourcesTest {

    private final LocalCloud cloud = LocalCloud.with(Service.S3, Service.DYNAMODB, Service.SQS);

    @AfterEach
    void close() {
        cloud.close();
    }

    @Test
    void whatIsCreatedCanBeUsedAtOnce() throws IOException {
        ClusterConfig config = cloud.config();
        try (AwsClients clients = new AwsClients(config)) {
            assertThat(new Resources(clients, config).prepare()).isEmpty();
            clients.s3().putObject(put -> put.bucket(config.bucket()).key("a"), RequestBody.fromString("1"));
            AttributeValue text = AttributeValue.fromS("x");
            clients.dynamoDb().putItem(put -> put.tableName(config.table())
                    .item(Map.of(Resources.PK, text, Resources.SK, text)));
            clients.dynamoDb().putItem(put -> put.tableName(config.logsTable())
                    .item(Map.of(Resources.FUNCTION_ID, text, Resources.SK, text)));
            clients.sqs().sendMessage(send -> send.queueUrl(config.queue().toString()).messageBody("hello"));
            assertThat(clients.sqsPolls().receiveMessage(receive -> receive.queueUrl(config.queue().toString()))
                    .messages()).singleElement().extracting(message -> message.body()).isEqualTo("hello");
        }
    }

    @Test
    void itemsOfBothTablesEndByThemselves() throws IOException {
        ClusterConfig config = cloud.config();
        try (AwsClients clients = new AwsClients(config)) {
            new Resources(clients, config).prepare();
            for (String table : List.of(config.table(), config.logsTable())) {
                var ttl = clients.dynamoDb().describeTimeToLive(of -> of.tableName(table)).timeToLiveDescription();
                assertThat(ttl.timeToLiveStatus()).isEqualTo(TimeToLiveStatus.ENABLED);
                assertThat(ttl.attributeName()).isEqualTo(Resources.TTL);
            }
        }
    }

    @Test
    void aMessageThatNobodyCanTakeGoesToADeadLetterQueueAfterManyTries() throws IOException {
        ClusterConfig config = cloud.config();
        try (AwsClients clients = new AwsClients(config)) {
            new Resources(clients, config).prepare();
            Map<QueueAttributeName, String> attributes = clients.sqs()
                    .getQueueAttributes(get -> get.queueUrl(config.queue().toString())
                            .attributeNames(QueueAttributeName.ALL))
                    .attributes();
            assertThat(attributes.get(QueueAttributeName.REDRIVE_POLICY)).contains(config.queueName() + "-dlq")
                    .containsPattern("\"maxReceiveCount\" *: *\"?1000\"?");
            assertThat(attributes).containsEntry(QueueAttributeName.VISIBILITY_TIMEOUT, "30");
        }
    }

    @Test
    void severalMayPrepareTheSameAtOnce() throws Exception {
        ClusterConfig config = cloud.config();
        try (AwsClients clients = new AwsClients(config); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<List<String>>> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                all.add(threads.submit(() -> new Resources(clients, config).prepare()));
            }
            for (Future<List<String>> one : all) {
                assertThat(one.get()).isEmpty();
            }
        }
    }

    @Test
    void whatIsThereStaysAsItIs() throws IOException {
        ClusterConfig config = cloud.config();
        try (AwsClients clients = new AwsClients(config)) {
            new Resources(clients, config).prepare();
            clients.s3().putObject(put -> put.bucket(config.bucket()).key("a"), RequestBody.fromString("1"));
            assertThat(new Resources(clients, config).prepare()).isEmpty();
            assertThat(clients.s3().getObjectAsBytes(get -> get.bucket(config.bucket()).key("a")).asUtf8String())
                    .isEqualTo("1");
        }
    }

    @Test
    void withoutLeaveToCreateEachMissingOneIsNamed() throws IOException {
        ClusterConfig config = cloud.config("AWS_CREATE", "false");
        try (AwsClients clients = new AwsClients(config)) {
            assertThat(new Resources(clients, config).prepare()).satisfiesExactly(
                    bucket -> assertThat(bucket).startsWith("BUCKET_NAME: the bucket " + config.bucket()),
                    table -> assertThat(table).startsWith("TABLE_NAME: the table " + config.table()),
                    logs -> assertThat(logs).startsWith("LOGS_TABLE_NAME: the table " + config.logsTable()),
                    queue -> assertThat(queue).startsWith("SQS_URL: the queue " + config.queueName())
                            .contains("AWS_CREATE=true"),
                    calls -> assertThat(calls).startsWith("SQS_URL: the queue " + config.queueName() + "-calls"));
        }
    }

    @Test
    void aServiceThatIsNotThereIsNamed() {
        try (FaultProxy proxy = FaultProxy.to(cloud.server(Service.S3))) {
            proxy.cut();
            ClusterConfig config = cloud.config("AWS_ENDPOINT_URL_S3", proxy.uri().toString());
            try (AwsClients clients = new AwsClients(config)) {
                assertThatThrownBy(() -> new Resources(clients, config).prepare()).isInstanceOf(IOException.class)
                        .hasMessageStartingWith("can't use the bucket " + config.bucket() + " (BUCKET_NAME)");
            }
        }
    }
}
