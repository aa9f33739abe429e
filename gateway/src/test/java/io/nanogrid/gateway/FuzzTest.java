package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.HostileRequests.Request;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Garbage to every operation of the API's document: each is answered, and by no 5xx but those that the document names.
class FuzzTest {

    private static final String KEY = "fuzz-key-0123456789";
    private static final int EACH = 60;
    private static final Pattern ANSWER = Pattern.compile("HTTP/1\\.1 (\\d{3}).*", Pattern.DOTALL);
    /// A class name, a line of a stack trace or a path of the gateway's own.
    private static final Pattern LEAK = Pattern
            .compile("io\\.nanogrid|\\bjava(x)?\\.[a-z]|\\tat |org\\.eclipse|\\.java:\\d");

    private static TestGateway gateway;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start("sandbox", directory, "NANOGRID_API_KEY", KEY, "RATE_LIMIT_PER_MINUTE", "0");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void garbageIsAnsweredAsTheDocumentSaysAndNothingOfTheGatewaysLeaksOut() throws Exception {
        long seed = new Random().nextLong();
        JsonNode document = gateway.get("/openapi.json").json();
        List<Request> requests = new HostileRequests(document, seed, KEY).all(EACH);

        List<String> faults = new ArrayList<>();
        for (Request request : requests) {
            String answer = answer(request.bytes());
            String fault = fault(document, request.operation(), answer);
            if (!fault.isEmpty()) {
                faults.add(fault + " to " + request + "\n-> " + answer.substring(0, Math.min(600, answer.length())));
            }
        }

        assertThat(faults).as("seed %d, %d requests", seed, requests.size()).isEmpty();
        assertThat(gateway.get("/health").status()).isEqualTo(200);
    }

    private static String fault(JsonNode document, String operation, String answer) {
        Matcher line = ANSWER.matcher(answer);
        if (!line.matches()) {
            return "no answer";
        }
        int status = Integer.parseInt(line.group(1));
        String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
        if (status >= 500 && !isDocumented(document, operation, line.group(1))) {
            return "an undocumented " + status;
        }
        if (status >= 400 && (LEAK.matcher(body).find() || body.contains(gateway.directory().toString()))) {
            return "a leak";
        }
        boolean readable = !answer.contains("\r\nContent-Encoding: gzip\r\n");
        if (status >= 400 && readable && !body.isEmpty() && !body.startsWith("{")) {
            return "an error that isn't JSON";
        }
        return "";
    }

    private static boolean isDocumented(JsonNode document, String operation, String status) {
        String[] parts = operation.split(" ", 2);
        return !status.equals("500") && document.path("paths").path(parts[1]).path(parts[0].toLowerCase(Locale.ROOT))
                .path("responses").has(status);
    }

    /// The whole answer, or its head where it is a stream without end; an empty text where the connection ended without one.
    private static String answer(byte[] request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", gateway.port())) {
            socket.setSoTimeout(30_000);
            Thread writer = Thread.startVirtualThread(() -> {
                try {
                    socket.getOutputStream().write(request);
                } catch (IOException e) {
                    // It has been answered and closed before all of it was sent, as it may.
                }
            });
            try {
                return read(socket.getInputStream());
            } finally {
                socket.close();
                writer.interrupt();
            }
        }
    }

    private static String read(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        try {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                all.write(buffer, 0, count);
                String text = all.toString(StandardCharsets.ISO_8859_1);
                if (text.contains("\r\n\r\n") && text.contains("text/event-stream")
                        || text.startsWith("HTTP/1.1 101")) {
                    return text;
                }
            }
        } catch (SocketException e) {
            // Reset after the answer, since the rest of the request was never read.
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }
}
