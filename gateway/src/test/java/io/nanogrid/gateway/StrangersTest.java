package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.code.CodeArchive;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.config.ClusterConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import redis.clients.jedis.Jedis;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.sqs.model.Message;

/// A worker, and somebody who speaks to it as to one of the original: through S3, SQS and Redis alone.
@Timeout(120)
final class StrangersTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LIMITS = """
            def handler(event, context):
                print("n is", event["n"])
                return [event["n"], context.memory_limit_in_mb, context.get_remaining_time_in_millis() > 5000]
            """;

    @TempDir
    private static Path directory;
    private static LocalCloud cloud;
    private static ClusterConfig config;
    private static TestWorker worker;
    private static AwsClients clients;
    private static Jedis redis;

    private final String id = "r-" + UUID.randomUUID();

    @BeforeAll
    static void start() throws Exception {
        cloud = LocalCloud.with(Service.values());
        config = cloud.config();
        worker = TestWorker.start(directory.resolve("worker"), cloud.settings());
        clients = new AwsClients(config);
        redis = new Jedis("127.0.0.1", cloud.server(Service.REDIS).port());
    }

    @AfterAll
    static void stop() {
        redis.close();
        clients.close();
        worker.close();
        cloud.close();
    }

    private static ConditionFactory soon() {
        return Awaitility.await().atMost(Duration.ofSeconds(40)).pollInterval(Duration.ofMillis(50));
    }

    private static void store(String key, String source) throws Exception {
        byte[] zip = CodeArchive.pack(CodeBundle.ofText("main.py", source));
        clients.s3().putObject(put -> put.bucket(config.bucket()).key(key), RequestBody.fromBytes(zip));
    }

    private ObjectNode message(String functionId, String key) {
        return JSON.createObjectNode().put("requestId", id).put("functionId", functionId).put("runtime", "python")
                .put("s3Bucket", config.bucket()).put("s3Key", key).put("timeoutMs", 9000).put("memoryMb", 192)
                .putNull("modelId").set("input", JSON.createObjectNode().put("n", 7));
    }

    private static void send(JsonNode message) {
        String queue = clients.sqs().getQueueUrl(get -> get.queueName(config.queueName())).queueUrl();
        clients.sqs().sendMessage(send -> send.queueUrl(queue).messageBody(message.toString()));
    }

    private JsonNode result(JsonNode message) throws Exception {
        send(message);
        return JSON.readTree(soon().until(() -> redis.get("job:" + message.get("requestId").asText()),
                Objects::nonNull));
    }

    private static String deadLetterOf(String requestId) {
        String dead = clients.sqs().getQueueUrl(get -> get.queueName(config.queueName() + "-dlq")).queueUrl();
        List<Message> letters = new ArrayList<>();
        soon().until(() -> {
            letters.addAll(clients.sqs().receiveMessage(receive -> receive.queueUrl(dead).maxNumberOfMessages(10)
                    .messageAttributeNames("All")).messages());
            return letters.stream().anyMatch(letter -> letter.body().contains(requestId));
        });
        Message letter = letters.stream().filter(one -> one.body().contains(requestId)).findFirst().orElseThrow();
        return Objects.requireNonNull(letter.messageAttributes().get("reason")).stringValue();
    }

    @Test
    void aFunctionThatNobodyKnowsHereRunsFromWhatItsMessageSays() throws Exception {
        store("functions/theirs/v1.zip", LIMITS);

        JsonNode result = result(message("theirs", "functions/theirs/v1.zip"));

        assertThat(result.path("result").toString()).isEqualTo("[7,192,true]");
        assertThat(result.path("requestId").asText()).isEqualTo(id);
        assertThat(result.path("functionId").asText()).isEqualTo("theirs");
        assertThat(result.path("status").asText()).isEqualTo("SUCCESS");
        assertThat(result.path("exitCode").asInt(-1)).isZero();
        assertThat(result.path("stdout").asText()).isEqualTo("n is 7\n");
        assertThat(result.path("stderr").asText("none")).isEmpty();
        assertThat(result.path("durationMs").asDouble()).isPositive();
        assertThat(result.has("peakMemoryBytes")).isTrue();
        assertThat(result.has("optimizationTip")).isTrue();
        assertThat(result.path("outputFiles").isArray()).isTrue();
    }

    @Test
    void codeThatIsReplacedWhereItLiesRunsFromThenOn() throws Exception {
        store("functions/replaced.zip", "def handler(event, context):\n    return 'old'");
        assertThat(result(message("replaced", "functions/replaced.zip")).path("result").asText()).isEqualTo("old");

        store("functions/replaced.zip", "def handler(event, context):\n    return 'new'");
        ObjectNode next = message("replaced", "functions/replaced.zip").put("requestId", id + "-2");

        assertThat(result(next).path("result").asText()).isEqualTo("new");
    }

    private static String tag(String key) {
        return clients.s3().headObject(head -> head.bucket(config.bucket()).key(key)).eTag();
    }

    @Test
    void codeOfOurOwnStoreIsntStoredAnewForEachJob() throws Exception {
        String source = "def handler(event, context):\n    return 'stored'";
        String key = "functions/" + CodeBundle.ofText("main.py", source).hash() + ".zip";
        store(key, source);
        result(message("stored", key));
        String tag = tag(key);

        JsonNode result = result(message("stored", key).put("requestId", id + "-2"));

        assertThat(result.path("result").asText()).isEqualTo("stored");
        assertThat(tag(key)).isEqualTo(tag);
    }

    @Test
    void twoCodesOfOneFunctionShareNoInstance() throws Exception {
        String counts = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return [n, '%s']";
        store("functions/a.zip", counts.formatted("a"));
        store("functions/b.zip", counts.formatted("b"));

        assertThat(result(message("same", "functions/a.zip")).path("result").toString()).isEqualTo("[1,\"a\"]");
        assertThat(result(message("same", "functions/b.zip").put("requestId", id + "-2")).path("result").toString())
                .isEqualTo("[1,\"b\"]");
        assertThat(result(message("same", "functions/a.zip").put("requestId", id + "-3")).path("result").toString())
                .isEqualTo("[2,\"a\"]");
    }

    @ParameterizedTest
    @CsvSource({"s3Bucket,\"others\",code is run from the bucket",
            "s3Key,\"functions/none.zip\",functions/none.zip", "s3Key,\"functions/../x.zip\",no '.' or '..'",
            "s3Key,\"functions/text.zip\",zip", "s3Key,null,say by s3Bucket and s3Key", "memoryMb,64,memoryMb",
            "memoryMb,\"128\",memoryMb", "timeoutMs,0,timeoutMs", "runtime,\"cobol\",cobol"})
    void whatCanNeverRunIsDeadAtOnceWithItsReason(String field, String value, String reason) throws Exception {
        store("functions/good.zip", LIMITS);
        clients.s3().putObject(put -> put.bucket(config.bucket()).key("functions/text.zip"),
                RequestBody.fromString("no archive"));
        ObjectNode message = message("never", "functions/good.zip");
        message.set(field, JSON.readTree(value));

        JsonNode result = result(message);

        assertThat(result.path("status").asText()).isEqualTo("FAILED");
        assertThat(result.path("errorMessage").asText()).contains(reason);
        assertThat(deadLetterOf(id)).contains(reason);
    }

    @Test
    void ofAFunctionThatIsKnownHereTheTableCounts() throws Exception {
        store("functions/other.zip", LIMITS);
        List<String> settings = new ArrayList<>(List.of("DISPATCH", "queue"));
        cloud.settings().forEach((name, value) -> settings.addAll(List.of(name, value)));
        try (TestGateway gateway = TestGateway.start("sandbox", directory.resolve("gateway"),
                settings.toArray(String[]::new))) {
            String ours = gateway.function("python", "def handler(event, context):\n    return 'ours'");

            assertThat(result(message(ours, "functions/other.zip")).path("result").asText()).isEqualTo("ours");
        }
    }
}
