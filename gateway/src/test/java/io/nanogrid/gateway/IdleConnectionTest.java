package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.http.KeptConnections;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the server takes for a connection that nobody needs any more. Calls take twice as long as such a connection is kept.
class IdleConnectionTest {

    private static final Duration IDLE = Duration.ofSeconds(1);
    private static final String SLOW = """
            import time
            def handler(event, context):
                time.sleep(2)
                return 'done'
            """;

    private static TestGateway gateway;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.startWith(new KeptConnections(IDLE, TestGateway.KEPT.stopping()), "sandbox", directory);
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    private static String post(String path, String body) {
        return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    @Test
    void aConnectionOnWhichNothingHappensIsClosed() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", gateway.port())) {
            socket.setSoTimeout(20_000);
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void aRequestThatDoesNotArriveIsGivenUp() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", gateway.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write("POST /run HTTP/1.1\r\nHost: lo".getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .doesNotContain("HTTP/1.1 2");
        }
    }

    @Test
    void aCallOfACallbackMayTakeLonger() throws Exception {
        gateway.deploy("slow", "python", SLOW).expect(200);

        assertThat(gateway.raw(post("/api/slow", "{}"))).startsWith("HTTP/1.1 200").endsWith("\"done\"");
    }

    @Test
    void aCallOfAFunctionMayTakeLonger() throws Exception {
        String function = gateway.function("python", SLOW);

        assertThat(gateway.raw(post("/run", TestGateway.runBody(function, "{}")))).startsWith("HTTP/1.1 200")
                .contains("\"result\":\"done\"");
    }
}
