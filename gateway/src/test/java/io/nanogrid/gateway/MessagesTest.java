package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.nanogrid.db.JobState;
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.JobLedger;
import io.nanogrid.gateway.aws.dynamo.DynamoDatabase;
import io.nanogrid.gateway.aws.s3.S3Blobs;
import io.nanogrid.gateway.aws.sqs.SqsAddress;
import io.nanogrid.gateway.aws.sqs.SqsQueue;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.code.CodeArchive;
import io.nanogrid.gateway.config.ClusterConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.sqs.model.Message;

/// What a gateway puts into the queues, read by somebody who knows nothing but SQS and S3.
@Timeout(120)
final class MessagesTest {

    private static final String SOURCE = "def handler(event, context):\n    return 1";

    @TempDir
    Path directory;
    private LocalCloud cloud;
    private ClusterConfig config;
    private AwsClients clients;
    private TestGateway gateway;

    @BeforeEach
    void start() throws Exception {
        cloud = LocalCloud.with(Service.values());
        config = cloud.config();
        clients = new AwsClients(config);
        gateway = gateway("gateway");
    }

    private TestGateway gateway(String name) throws Exception {
        List<String> settings = new ArrayList<>(List.of("DISPATCH", "queue"));
        cloud.settings().forEach((key, value) -> settings.addAll(List.of(key, value)));
        return TestGateway.start("sandbox", directory.resolve(name), settings.toArray(String[]::new));
    }

    @AfterEach
    void stop() {
        gateway.close();
        clients.close();
        cloud.close();
    }

    /// Takes a message out of the queue.
    private JsonNode sent(String queue) throws Exception {
        String url = clients.sqs().getQueueUrl(get -> get.queueName(queue)).queueUrl();
        Message message = clients.sqsPolls().receiveMessage(receive -> receive.queueUrl(url).waitTimeSeconds(20))
                .messages().getFirst();
        clients.sqs().deleteMessage(delete -> delete.queueUrl(url).receiptHandle(message.receiptHandle()));
        return new ObjectMapper().readTree(message.body());
    }

    private void assertTellsWhatToRun(JsonNode message, String function) throws Exception {
        assertThat(message.path("requestId").asText()).isNotEmpty();
        assertThat(message.path("functionId").asText()).isEqualTo(function);
        assertThat(message.path("runtime").asText()).isEqualTo("python");
        assertThat(message.path("timeoutMs").asInt()).isEqualTo(30_000);
        assertThat(message.path("memoryMb").asInt()).isEqualTo(128);
        assertThat(message.path("input").toString()).isEqualTo("{\"n\":1}");
        byte[] zip = clients.s3().getObjectAsBytes(get -> get.bucket(message.path("s3Bucket").asText())
                .key(message.path("s3Key").asText())).asByteArray();
        assertThat(CodeArchive.unpack(zip).files().values()).singleElement()
                .satisfies(file -> assertThat(file.toByteArray()).asString().isEqualTo(SOURCE));
    }

    @Test
    void aJobsMessageTellsWhatToRun() throws Exception {
        String function = gateway.function("python", SOURCE);

        gateway.accept(function, "{\"n\": 1}");

        assertTellsWhatToRun(sent(config.queueName()), function);
    }

    @Test
    void aCallsMessageTellsWhatToRun() throws Exception {
        String function = gateway.function("python", SOURCE);

        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> call = threads.submit(() -> gateway.run(function, "{\"n\": 1}"));

            assertTellsWhatToRun(sent(config.callsQueueName()), function);
            call.cancel(true);
        }
    }

    @Test
    void aRetryOnAGatewayThatHasNeverHadTheFunctionTellsWhatToRun() throws Exception {
        String function = gateway.function("python", SOURCE);
        String job = gateway.accept(function, "{\"n\": 1}");
        sent(config.queueName());
        end(job);
        try (TestGateway other = gateway("other")) {
            other.post("/jobs/" + job + "/retry", "").expect(202);

            assertTellsWhatToRun(sent(config.queueName()), function);
        }
    }

    /// As a worker does that has run it.
    private void end(String job) {
        List<JobLedger> ledgers = new ArrayList<>();
        SqsAddress queue = SqsAddress.of(clients.sqs(), config.queueName());
        try (DynamoDatabase database = new DynamoDatabase(clients.dynamoDb(), config.table(), config.logsTable(),
                Duration.ofDays(1), new S3Blobs(clients.s3(), config.bucket()), "worker", InstantSource.system(),
                ledger -> {
                    ledgers.add(ledger);
                    return new SqsQueue(clients, queue, ledger, 10, Duration.ofSeconds(1));
                })) {
            assertThat(ledgers.getFirst().begin(job)).isInstanceOf(JobLedger.Begun.Started.class);
            assertThat(ledgers.getFirst().end(job, JobState.DONE, new byte[]{'1'}, null)).isTrue();
        }
    }
}
