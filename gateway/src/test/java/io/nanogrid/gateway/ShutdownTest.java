package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.http.KeptConnections;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What clients see while the gateway stops.
final class ShutdownTest {

    private static final String SLOW = """
            import time
            def handler(event, context):
                time.sleep(5)
                return "done"
            """;

    @Test
    void callsInFlightFinishAndHealthIs503ForThoseWhoAskMeanwhile(@TempDir Path directory) throws Exception {
        KeptConnections kept = new KeptConnections(KeptConnections.usual().idle(), Duration.ofSeconds(4));
        try (TestGateway gateway = TestGateway.startWith(kept, "sandbox", directory, "DRAIN_SECONDS", "20");
                Socket socket = new Socket("127.0.0.1", gateway.port())) {
            gateway.deploy("slow", "python", SLOW).expect(200);
            socket.setSoTimeout(10_000);
            assertThat(ask(socket)).startsWith("HTTP/1.1 200");
            CompletableFuture<TestGateway.Answer> call = CompletableFuture.supplyAsync(() -> get(gateway, "/api/slow"));
            Awaitility.await().atMost(Duration.ofSeconds(20))
                    .until(() -> gateway.get("/health").body().contains("\"busy\":1"));

            Thread stopping = Thread.ofPlatform().start(gateway::close);
            String[] last = new String[1];
            Awaitility.await().until(() -> !(last[0] = ask(socket)).startsWith("HTTP/1.1 200"));

            // Who has asked just before hears it from the health itself, all others from the server.
            assertThat(last[0]).startsWith("HTTP/1.1 503")
                    .containsAnyOf("\"reason\":\"shutting_down\"", "\"reason\":\"shutting down\"");
            assertThat(call.get().body()).isEqualTo("\"done\"");
            stopping.join();
        }
    }

    private static TestGateway.Answer get(TestGateway gateway, String path) {
        try {
            return gateway.get(path);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /// On a connection that stays open.
    private static String ask(Socket socket) throws Exception {
        socket.getOutputStream()
                .write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        InputStream in = socket.getInputStream();
        byte[] buffer = new byte[8192];
        int count = in.read(buffer);
        return count < 0 ? "EOF" : new String(buffer, 0, count, StandardCharsets.UTF_8);
    }
}
