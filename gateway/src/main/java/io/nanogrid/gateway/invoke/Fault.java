package io.nanogrid.gateway.invoke;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What went wrong in a call, for people. All null and empty where nothing did.
///
/// @param stackTrace the user's part of it, by lines
/// @param exitCode a script's own, if it is one
record Fault(@Nullable String type, @Nullable String message, List<String> stackTrace, @Nullable Integer exitCode) {

    private static final Fault NONE = new Fault(null, null, List.of(), null);

    private static Fault of(String type, String message) {
        return new Fault(type, message, List.of(), null);
    }

    static Fault of(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Value _,Outcome.Response _ -> NONE;
            case Outcome.FunctionError(Bytes detail) -> read(detail);
            case Outcome.InitFailed(Bytes detail) -> read(detail);
            case Outcome.BadResult(Bytes detail) -> read(detail);
            case Outcome.TimedOut(Duration limit) -> of("Timeout", "longer than " + limit.toMillis() + " ms");
            case Outcome.Exited(int code) -> of("InstanceExited", "exit code " + code);
            case Outcome.Violated(String message) -> of("ProtocolViolation", message);
            case Outcome.OutOfMemory(int limit) -> of("OutOfMemory", "more than " + limit + " MiB");
            case Outcome.InitDied(String message, _) -> of("InitFailed", message);
            case Outcome.Full(boolean ownLimit, _) ->
                of("Full", ownLimit ? "the function's limit" : "the machine's limit");
            case Outcome.Unavailable(String message) -> of("Unavailable", message);
        };
    }

    /// An error as an instance sent it: anything may stand there.
    private static Fault read(Bytes detail) {
        String type = null;
        String message = null;
        List<String> stackTrace = new ArrayList<>();
        Integer exitCode = null;
        try (JsonParser json = Events.JSON.createParser(detail.array())) {
            json.nextToken();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                JsonToken value = json.nextToken();
                switch (name) {
                    case "errorType" -> type = json.getValueAsString();
                    case "errorMessage" -> message = json.getValueAsString();
                    case "exitCode" -> exitCode = value == JsonToken.VALUE_NUMBER_INT ? json.getIntValue() : null;
                    case "stackTrace" -> lines(json, stackTrace);
                    default -> {
                    }
                }
                json.skipChildren();
            }
        } catch (IOException e) {
            // What could be read will do.
        }
        return new Fault(type, message, stackTrace, exitCode);
    }

    private static void lines(JsonParser json, List<String> lines) throws IOException {
        if (json.currentToken() == JsonToken.START_ARRAY) {
            while (json.nextToken() != JsonToken.END_ARRAY) {
                String line = json.getValueAsString();
                if (line != null) {
                    lines.add(line);
                }
                json.skipChildren();
            }
        }
    }
}
