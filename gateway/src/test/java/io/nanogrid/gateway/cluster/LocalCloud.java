package io.nanogrid.gateway.cluster;

import io.nanogrid.gateway.config.ClusterConfig;
import io.nanogrid.gateway.config.ConfigException;
import io.nanogrid.gateway.config.GatewayConfig;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/// The services of a cloud on this machine, each with names of its own for the test that asks: a bucket, two tables, a queue. The servers
/// are started when they are first asked for and shared by all tests of this JVM, but for Redis, of which each test has its own. A test
/// that kills one of the others starts a [LocalServer] for itself.
///
/// The servers' jars are looked for in `infra/local/*/target/lib`, where Maven puts them, or below the directory that the system property
/// `nanogrid.local.servers` names instead of `infra/local`.
public final class LocalCloud implements AutoCloseable {

    static final Path SERVERS = Path.of(System.getProperty("nanogrid.local.servers", "../infra/local")).toAbsolutePath()
            .normalize();

    static {
        // The SDK's default chain finds them; the servers take any.
        System.setProperty("aws.accessKeyId", "local");
        System.setProperty("aws.secretAccessKey", "local");
    }

    public enum Service {
        S3, DYNAMODB, SQS, REDIS
    }

    private static final Executor THREADS = Thread::startVirtualThread;
    private static final Map<Service, LocalServer> SHARED = new EnumMap<>(Service.class);

    private final Map<Service, LocalServer> servers = new EnumMap<>(Service.class);
    private final String name = "t" + UUID.randomUUID().toString().replace("-", "").substring(0, 16);

    private LocalCloud() {
    }

    /// Those that aren't asked for refuse connections.
    public static LocalCloud with(Service... services) {
        LocalCloud cloud = new LocalCloud();
        Set<Service> wanted = Set.of(services);
        for (Service service : Service.values()) {
            LocalServer server = service == Service.REDIS
                    ? LocalServer.redis()
                    : shared(service);
            cloud.servers.put(service, server);
        }
        List<CompletableFuture<Void>> starts = wanted.stream()
                .map(service -> CompletableFuture.runAsync(cloud.server(service)::start, THREADS)).toList();
        starts.forEach(CompletableFuture::join);
        return cloud;
    }

    private static synchronized LocalServer shared(Service service) {
        return SHARED.computeIfAbsent(service, wanted -> switch (wanted) {
            case S3 -> LocalServer.s3();
            case DYNAMODB -> LocalServer.dynamoDb();
            case SQS -> LocalServer.sqs();
            case REDIS -> LocalServer.redis();
        });
    }

    public LocalServer server(Service service) {
        return Objects.requireNonNull(servers.get(service));
    }

    /// Variables that make a gateway or worker part of this cloud.
    public Map<String, String> settings() {
        Map<String, String> settings = new HashMap<>();
        settings.put("AWS_REGION", "eu-central-1");
        settings.put("AWS_ACCESS_KEY_ID", "local");
        settings.put("AWS_SECRET_ACCESS_KEY", "local");
        settings.put("AWS_CREATE", "true");
        settings.put("BUCKET_NAME", name);
        settings.put("TABLE_NAME", name);
        settings.put("LOGS_TABLE_NAME", name + "-logs");
        settings.put("SQS_URL", server(Service.SQS).uri() + "/000000000000/" + name);
        settings.put("AWS_ENDPOINT_URL_S3", server(Service.S3).uri().toString());
        settings.put("AWS_ENDPOINT_URL_DYNAMODB", server(Service.DYNAMODB).uri().toString());
        settings.put("REDIS_HOST", "127.0.0.1");
        settings.put("REDIS_PORT", String.valueOf(server(Service.REDIS).port()));
        return settings;
    }

    /// @param overrides name, value, name, value… over [#settings]
    public ClusterConfig config(String... overrides) {
        Map<String, String> settings = settings();
        for (int i = 0; i < overrides.length; i += 2) {
            settings.put(overrides[i], overrides[i + 1]);
        }
        try {
            return Objects.requireNonNull(GatewayConfig.read(settings, 4096).cluster());
        } catch (ConfigException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Override
    public void close() {
        server(Service.REDIS).kill();
    }
}
