package io.nanogrid.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.nanogrid.gateway.cluster.LocalServer;
import io.nanogrid.gateway.config.ClusterConfig.Role;
import io.nanogrid.gateway.config.GatewayConfig;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;

/// A gateway or a worker of a cluster in a process of its own, to be killed or frozen. It is taken for dead sooner than usual.
final class ClusterProcess implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final Process process;
    private final Path data;
    private final int port;

    private ClusterProcess(Process process, Path data, int port) {
        this.process = process;
        this.data = data;
        this.port = port;
    }

    /// What runs in the process: [Main], but for the time after which it is taken for dead.
    static void main(String[] args) throws Exception {
        GatewayConfig config = GatewayConfig.read(System.getenv(), 8192);
        Role role = Objects.requireNonNull(config.cluster()).role();
        Wiring.Given given = new Wiring.Given(null, TestGateway.KEPT, InstantSource.system(),
                Duration.parse(args[0]), Wiring.Given.BEAT);
        Path plugins = Path.of("target", "plugins");
        Service service = switch (role) {
            case GATEWAY -> new Wiring(config, plugins, "test", given);
            case WORKER -> new WorkerWiring(config, plugins, "test", given);
        };
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(service::close));
    }

    /// Doesn't wait for it.
    ///
    /// @param settings name, value, name, value… over those of the cluster
    static ClusterProcess launch(Path data, Map<String, String> cluster, String... settings) throws IOException {
        int port = LocalServer.freePort();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classPath,
                ClusterProcess.class.getName(), TestCluster.DEAD_AFTER.toString()).redirectErrorStream(true)
                .redirectOutput(Path.of(data + ".log").toFile());
        Map<String, String> environment = new HashMap<>(cluster);
        environment.putAll(Map.of("PORT", String.valueOf(port), "ENGINE", "sandbox", "DATA_DIR", data.toString()));
        for (int i = 0; i < settings.length; i += 2) {
            environment.put(settings[i], settings[i + 1]);
        }
        builder.environment().putAll(environment);
        return new ClusterProcess(builder.start(), data, port);
    }

    ClusterProcess awaitStart() {
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> {
            if (!process.isAlive()) {
                throw new AssertionError("it has ended: " + Files.readString(Path.of(data + ".log")));
            }
            return get("/health/live").statusCode() == 200;
        });
        return this;
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).timeout(Duration.ofSeconds(60));
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return CLIENT.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    CompletableFuture<HttpResponse<String>> postLater(String path, String json, String... headers) {
        HttpRequest.Builder request = request(path).header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return CLIENT.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /// How many calls and jobs it runs.
    int busy() throws IOException, InterruptedException {
        JsonNode health = JSON.readTree(get("/health").body());
        return health.path("instances").path("busy").asInt();
    }

    /// Names what belongs to it on the machine.
    String id() throws IOException {
        return Files.readString(data.resolve("gateway-id")).strip();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// As `kill -9` does.
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /// It does nothing until it is thawed.
    void freeze() throws IOException, InterruptedException {
        signal("-STOP");
    }

    void thaw() throws IOException, InterruptedException {
        signal("-CONT");
    }

    private void signal(String signal) throws IOException, InterruptedException {
        new ProcessBuilder(List.of("kill", signal, String.valueOf(process.pid()))).inheritIO().start().waitFor();
    }

    /// As Ctrl-C does.
    int stop() throws InterruptedException {
        process.destroy();
        return process.waitFor();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        if (isAlive()) {
            thaw();
            stop();
        }
    }
}
