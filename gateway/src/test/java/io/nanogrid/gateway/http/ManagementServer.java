package io.nanogrid.gateway.http;

import io.javalin.router.InternalRouter;
import io.nanogrid.gateway.Wiring;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.engine.NoEngine;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/// A whole gateway on a free port, on a machine that has no engine: all of it can be managed, and no function can run.
final class ManagementServer implements AutoCloseable {

    private final Wiring gateway;
    private final HttpClient client = HttpClient.newHttpClient();
    private final URI base;

    /// @param settings configuration besides the port and the directories
    ManagementServer(Path directory, Map<String, String> settings) throws Exception {
        Map<String, String> environment = new HashMap<>(settings);
        environment.put("PORT", "0");
        environment.put("DATA_DIR", directory.toString());
        // Where the build puts the runtimes that come with the gateway.
        Path plugins = Path.of("target", "plugins");
        KeptConnections kept = new KeptConnections(KeptConnections.usual().idle(), Duration.ofMillis(20));
        gateway = new Wiring(GatewayConfig.read(environment, 1024), plugins, "test",
                new Wiring.Given(new NoEngine(), kept));
        base = URI.create("http://127.0.0.1:" + gateway.port());
    }

    /// What the server serves.
    InternalRouter router() {
        return gateway.http().javalin.unsafe.internalRouter;
    }

    /// @param path as it is to be sent, escaped
    /// @param json a body, or an empty text for none
    HttpResponse<String> send(String method, String path, String json, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
                .method(method, json.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(json));
        if (!json.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path, String... headers) throws Exception {
        return send("GET", path, "", headers);
    }

    URI webSocket(String path) {
        return URI.create("ws://" + base.getAuthority() + path);
    }

    /// A request byte for byte, as no HTTP client would send it; it has to ask for the connection to be closed.
    String raw(String request) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    Socket connect() throws IOException {
        Socket socket = new Socket(base.getHost(), base.getPort());
        socket.setSoTimeout(10_000);
        return socket;
    }

    @Override
    public void close() {
        client.close();
        gateway.close();
    }
}
