package io.nanogrid.gateway;

import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.config.ClusterConfig;
import io.nanogrid.gateway.config.GatewayConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// A cloud, and gateways and workers on it, which are taken for dead sooner than usual. Their ways to the services can be spoilt.
final class TestCluster implements AutoCloseable {

    static final Duration DEAD_AFTER = Duration.ofSeconds(3);

    final LocalCloud cloud = LocalCloud.with(Service.values());
    final ClusterConfig config = cloud.config();
    private final AwsClients clients = new AwsClients(config);
    private final Path directory;
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private int made;

    TestCluster(Path directory) {
        this.directory = directory;
    }

    <T extends AutoCloseable> T closing(T part) {
        parts.push(part);
        return part;
    }

    /// Somebody's ways to the services.
    static final class Ways implements AutoCloseable {
        private final Map<Service, FaultProxy> proxies = new EnumMap<>(Service.class);

        FaultProxy to(Service service) {
            return Objects.requireNonNull(proxies.get(service));
        }

        void heal() {
            proxies.values().forEach(FaultProxy::heal);
        }

        @Override
        public void close() {
            proxies.values().forEach(FaultProxy::close);
        }

        private Map<String, String> settings(LocalCloud cloud) {
            Map<String, String> settings = cloud.settings();
            settings.put("AWS_ENDPOINT_URL_S3", to(Service.S3).uri().toString());
            settings.put("AWS_ENDPOINT_URL_DYNAMODB", to(Service.DYNAMODB).uri().toString());
            settings.put("AWS_ENDPOINT_URL_SQS", to(Service.SQS).uri().toString());
            settings.put("REDIS_PORT", String.valueOf(to(Service.REDIS).port()));
            return settings;
        }
    }

    Ways ways() {
        Ways ways = closing(new Ways());
        for (Service service : Service.values()) {
            ways.proxies.put(service, FaultProxy.to(cloud.server(service)));
        }
        return ways;
    }

    private static Wiring.Given given(InstantSource clock) {
        return new Wiring.Given(null, TestGateway.KEPT, clock, DEAD_AFTER, Wiring.Given.BEAT);
    }

    /// One that has calls run by workers.
    ///
    /// @param settings name, value, name, value…
    TestGateway gateway(Ways ways, InstantSource clock, String... settings) throws Exception {
        List<String> all = new ArrayList<>(List.of("RATE_LIMIT_PER_MINUTE", "0", "DISPATCH", "queue"));
        ways.settings(cloud).forEach((name, value) -> all.addAll(List.of(name, value)));
        all.addAll(List.of(settings));
        return closing(TestGateway.startWith(given(clock), "sandbox", directory.resolve("gateway-" + made++),
                all.toArray(String[]::new)));
    }

    WorkerWiring worker(Ways ways, InstantSource clock) throws Exception {
        Map<String, String> settings = ways.settings(cloud);
        Path data = directory.resolve("worker-" + made++);
        settings.putAll(Map.of("PORT", "0", "ROLE", "worker", "ENGINE", "sandbox", "DATA_DIR", data.toString(),
                "DRAIN_SECONDS", "1"));
        return closing(new WorkerWiring(GatewayConfig.read(settings, 8192), Path.of("target", "plugins"), "test",
                given(clock)));
    }

    /// In a process of its own, which may not have started yet.
    ClusterProcess process(String role, String... settings) throws Exception {
        Map<String, String> all = cloud.settings();
        all.putAll(Map.of("ROLE", role, "DISPATCH", "queue", "RATE_LIMIT_PER_MINUTE", "0"));
        return closing(ClusterProcess.launch(directory.resolve(role + "-" + made++), all, settings));
    }

    private String url(String queue) {
        return clients.sqs().getQueueUrl(get -> get.queueName(queue)).queueUrl();
    }

    /// Messages in both queues, whether somebody has them or not.
    int messages() {
        return List.of(config.queueName(), config.callsQueueName()).stream().mapToInt(this::messages).sum();
    }

    private int messages(String queue) {
        return clients.sqs()
                .getQueueAttributes(get -> get.queueUrl(url(queue)).attributeNames(
                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES,
                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE))
                .attributes().values().stream().mapToInt(Integer::parseInt).sum();
    }

    void send(String queue, String body) {
        clients.sqs().sendMessage(send -> send.queueUrl(url(queue)).messageBody(body));
    }

    /// Takes up to ten messages out of the dead-letter queue.
    List<Message> deadLetters() {
        String dead = url(config.queueName() + "-dlq");
        List<Message> messages = clients.sqs().receiveMessage(receive -> receive.queueUrl(dead).maxNumberOfMessages(10)
                .messageAttributeNames("All")).messages();
        messages.forEach(message -> clients.sqs()
                .deleteMessage(delete -> delete.queueUrl(dead).receiptHandle(message.receiptHandle())));
        return messages;
    }

    @Override
    public void close() throws Exception {
        while (!parts.isEmpty()) {
            parts.pop().close();
        }
        clients.close();
        cloud.close();
    }
}
