package io.nanogrid.gateway.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// An error as an instance reports it. An instance may send anything, so nothing is expected to be there.
record InitError(String type, String message, List<String> stack) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_LINES = 200;

    static InitError read(Bytes detail) {
        try {
            JsonNode json = JSON.readTree(detail.array());
            List<String> stack = new ArrayList<>();
            json.path("stackTrace").forEach(
                    element -> element.asText().lines().limit(MAX_LINES - stack.size()).forEach(stack::add));
            return new InitError(json.path("errorType").asText("Error"), json.path("errorMessage").asText(""), stack);
        } catch (IOException e) {
            return new InitError("Error", "the runtime reported an error that can't be read", List.of());
        }
    }

    /// One line.
    String summary() {
        String line = message.lines().findFirst().orElse("");
        return line.isEmpty() ? type : type + ": " + line;
    }

    /// The stack trace as the user's language prints it, and the message.
    List<String> lines() {
        List<String> lines = new ArrayList<>(stack);
        lines.add(type + ": " + message);
        return lines;
    }
}
