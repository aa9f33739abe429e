package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// A user's own error, as the instance reported it. An instance may send anything.
final class FunctionFault {

    private static final ObjectMapper JSON = new ObjectMapper();

    private FunctionFault() {
    }

    static Problem add(Problem problem, String detail) {
        JsonNode json = read(detail);
        List<String> stack = new ArrayList<>();
        json.path("stackTrace").forEach(line -> stack.add(line.asText()));
        return problem.with("errorType", json.path("errorType").asText("Error"))
                .with("errorMessage", json.path("errorMessage").asText(""))
                .with("stackTrace", stack);
    }

    /// One line.
    static String summary(String detail) {
        JsonNode json = read(detail);
        String message = json.path("errorMessage").asText("").lines().findFirst().orElse("");
        String type = json.path("errorType").asText("Error");
        return message.isEmpty() ? type : type + ": " + message;
    }

    private static JsonNode read(String detail) {
        try {
            return JSON.readTree(detail);
        } catch (IOException e) {
            return JSON.createObjectNode();
        }
    }
}
