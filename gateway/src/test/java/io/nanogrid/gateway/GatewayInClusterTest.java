package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionStatus;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.dynamo.DynamoDatabase;
import io.nanogrid.gateway.aws.s3.S3Blobs;
import io.nanogrid.gateway.aws.sqs.SqsAddress;
import io.nanogrid.gateway.aws.sqs.SqsQueue;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.config.ClusterConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// What one gateway asks of the services that it shares with others.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GatewayInClusterTest {

    private static final int PART = 250;

    private final LocalCloud cloud = LocalCloud.with(Service.values());
    private final ClusterConfig config = cloud.config();
    private final AwsClients clients = new AwsClients(config);
    private TestGateway gateway;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        List<String> settings = new ArrayList<>();
        cloud.settings().forEach((name, value) -> settings.addAll(List.of(name, value)));
        gateway = TestGateway.start("sandbox", directory, settings.toArray(String[]::new));
    }

    @AfterAll
    void stop() {
        if (gateway != null) {
            gateway.close();
        }
        clients.close();
        cloud.close();
    }

    @Test
    void aSearchForRareCallsIsAnsweredEarlyAndGoesOnWithItsCursor() throws Exception {
        String id = gateway.post("/functions", "{\"name\": \"searched\", \"runtime\": \"node\", "
                + "\"code\": \"exports.handler = () => 1\"}").json().path("functionId").asText();
        assertThat(id).isNotEmpty();
        insertCalls(id);
        String path = "/functions/" + id + "/logs?limit=10&status=TIMEOUT";

        JsonNode first = gateway.get(path).expect(200).json();
        JsonNode second = gateway.get(path + "&cursor=" + first.path("nextCursor").asText()).expect(200).json();

        assertThat(first.path("logs")).isEmpty();
        assertThat(first.path("nextCursor").isTextual()).isTrue();
        assertThat(second.path("logs")).singleElement()
                .satisfies(call -> assertThat(call.path("requestId").asText()).isEqualTo("rare"));
        assertThat(second.path("nextCursor").isNull()).isTrue();
    }

    /// One that failed, and many after it that went well.
    private void insertCalls(String id) {
        Instant start = Instant.now().minusSeconds(3_600);
        List<ExecutionRecord> calls = new ArrayList<>();
        calls.add(call("rare", id, ExecutionStatus.TIMEOUT, start));
        for (int i = 1; i <= 2_100; i++) {
            calls.add(call("r" + i, id, ExecutionStatus.SUCCESS, start.plusSeconds(1).plusMillis(i)));
        }
        try (DynamoDatabase database = new DynamoDatabase(clients.dynamoDb(), config.table(), config.logsTable(),
                Duration.ofDays(1), new S3Blobs(clients.s3(), config.bucket()), "test", InstantSource.system(),
                ledger -> new SqsQueue(clients, SqsAddress.of(clients.sqs(), config.queueName()), ledger, 10,
                        Duration.ofSeconds(1)))) {
            // A part at a time, and each again where the machine has too much else to do: the same record takes its place once.
            for (int from = 0; from < calls.size(); from += PART) {
                List<ExecutionRecord> part = calls.subList(from, Math.min(calls.size(), from + PART));
                Awaitility.await().atMost(Duration.ofMinutes(1)).ignoreException(StorageException.class).until(() -> {
                    database.executions().insert(part);
                    return true;
                });
            }
        }
    }

    private static ExecutionRecord call(String request, String function, ExecutionStatus status, Instant startedAt) {
        return new ExecutionRecord(request, function, 1, status, startedAt, Duration.ZERO, Duration.ZERO,
                Duration.ofMillis(1), false, null, null, null, "", "", false);
    }

    @Test
    void othersSeeThatItLives() throws Exception {
        Map<String, AttributeValue> key = Map.of("pk", AttributeValue.fromS("G#" + gateway.id()), "sk",
                AttributeValue.fromS("G"));

        Awaitility.await()
                .until(() -> clients.dynamoDb().getItem(get -> get.tableName(config.table()).key(key)).hasItem());
    }
}
