package io.nanogrid.gateway;

import io.nanogrid.gateway.cluster.LocalServer;
import io.nanogrid.gateway.engine.docker.TestImages;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;

/// A gateway in a process of its own, as a user starts it: to be killed, or to be seen refusing to start.
final class ProcessGateway implements AutoCloseable {

    private final Process process;
    private final int port;
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private ProcessGateway(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /// Starts one without waiting for it.
    static Process launch(Path log, Map<String, String> settings, String... arguments) throws IOException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classPath,
                Main.class.getName())
                .redirectErrorStream(true).redirectOutput(log.toFile());
        builder.command().addAll(List.of(arguments));
        builder.environment().putAll(settings);
        return builder.start();
    }

    /// @param settings name, value, name, value…
    static ProcessGateway start(String engine, Path data, Path log, String... settings) throws IOException {
        int port = LocalServer.freePort();
        Map<String, String> environment = new HashMap<>(Map.of("PORT", String.valueOf(port), "ENGINE", engine,
                "DATA_DIR", data.toString(), "PYTHON_BASE_IMAGE", "nanogrid-base-python:local", "NODE_BASE_IMAGE",
                "nanogrid-base-node:local"));
        for (int i = 0; i < settings.length; i += 2) {
            environment.put(settings[i], settings[i + 1]);
        }
        ProcessGateway gateway = new ProcessGateway(launch(log, environment), port);
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptions()
                .until(() -> gateway.get("/health/live").statusCode() == 200);
        if (engine.equals("docker")) {
            TestImages.removeAtEnd(Files.readString(data.resolve("gateway-id")).strip());
        }
        return gateway;
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).timeout(Duration.ofSeconds(60));
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    CompletableFuture<HttpResponse<String>> getLater(String path) {
        return client.sendAsync(request(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String json, String... headers) throws IOException, InterruptedException {
        return client.send(posting(path, json, headers), HttpResponse.BodyHandlers.ofString());
    }

    CompletableFuture<HttpResponse<String>> postLater(String path, String json, String... headers) {
        return client.sendAsync(posting(path, json, headers), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> put(String path, String json) throws IOException, InterruptedException {
        return client.send(request(path).header("content-type", "application/json")
                .PUT(HttpRequest.BodyPublishers.ofString(json)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest posting(String path, String json, String... headers) {
        HttpRequest.Builder request = request(path).header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return request.build();
    }

    HttpResponse<String> deploy(String definition) throws IOException, InterruptedException {
        return post("/callback/deploy", definition);
    }

    /// Sends a request byte for byte, and hangs up at the answer's first byte.
    void hangUpOn(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(60_000);
            socket.setSoLinger(true, 0);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            if (socket.getInputStream().read() < 0) {
                throw new IOException("the gateway has hung up first");
            }
        }
    }

    /// Sends what is the start of a request, and leaves the connection open.
    Socket begin(String start) throws IOException {
        Socket socket = new Socket("127.0.0.1", port);
        socket.getOutputStream().write(start.getBytes(StandardCharsets.UTF_8));
        return socket;
    }

    /// As `kill -9` does.
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /// As Ctrl-C does.
    ///
    /// @return the exit code
    int stop() throws InterruptedException {
        process.destroy();
        return process.waitFor();
    }

    @Override
    public void close() throws InterruptedException {
        stop();
    }
}
