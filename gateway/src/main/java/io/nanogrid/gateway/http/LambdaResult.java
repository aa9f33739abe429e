package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nanogrid.gateway.dispatch.Invocation;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/// What came of a call, as Lambda's interface tells it.
///
/// @param payload JSON: what the function returned, or its error
record LambdaResult(boolean failed, byte[] payload) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LOG_BYTES = 4 << 10;
    private static final List<String> OF_AN_ERROR = List.of("errorMessage", "errorType", "stackTrace");

    /// @throws Problem.Thrown if the platform couldn't run it
    static LambdaResult of(Invocation call) {
        return switch (call.outcome()) {
            case Outcome.Value(Bytes json) -> new LambdaResult(false, json.array());
            case Outcome.Response(_, Bytes body, _) -> new LambdaResult(false, body.array());
            case Outcome.FunctionError(Bytes detail) -> error(detail);
            case Outcome.BadResult(Bytes detail) -> error(detail);
            case Outcome.InitFailed(Bytes detail) -> error(detail);
            case Outcome.TimedOut(Duration limit) -> error(call, "Sandbox.Timedout",
                    "Task timed out after " + String.format(Locale.ROOT, "%.2f", limit.toMillis() / 1000.0)
                            + " seconds");
            case Outcome.Exited(int code) ->
                error(call, "Runtime.ExitError", "Error: Runtime exited with error: exit status " + code);
            case Outcome.OutOfMemory(int limit) ->
                error(call, "Runtime.OutOfMemory", "Error: the function needs more than its " + limit + " MiB");
            case Outcome.InitDied(String message, _) -> error(call, "Runtime.ExitError", "Error: " + message);
            case Outcome.Violated _ -> error(call, "Runtime.ProtocolViolation",
                    "Error: the function interfered with the connection to the gateway");
            case Outcome.Full(boolean ownLimit, _) ->
                throw (ownLimit ? Problem.functionBusy() : Problem.machineBusy()).thrown();
            case Outcome.Unavailable(String message) -> throw Problem.engineUnavailable(message).thrown();
        };
    }

    private static LambdaResult error(Invocation call, String type, String message) {
        return new LambdaResult(true, bytes(JSON.createObjectNode()
                .put("errorMessage", "RequestId: " + call.requestId() + " " + message).put("errorType", type)));
    }

    /// An instance may send anything.
    private static LambdaResult error(Bytes detail) {
        ObjectNode error = JSON.createObjectNode();
        JsonNode sent = read(detail);
        OF_AN_ERROR.stream().filter(sent::has).forEach(name -> error.set(name, sent.get(name)));
        return new LambdaResult(true, bytes(error));
    }

    private static JsonNode read(Bytes detail) {
        try {
            return JSON.readTree(detail.array());
        } catch (IOException e) {
            return JSON.createObjectNode();
        }
    }

    private static byte[] bytes(ObjectNode json) {
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// The end of the call's log, with the lines that Lambda puts around what a function prints, in base64.
    static String logTail(Invocation call, FunctionVersion version, String executedVersion) {
        String id = call.requestId();
        StringBuilder log = new StringBuilder("START RequestId: " + id + " Version: " + executedVersion + "\n");
        for (String printed : List.of(call.stdout(), call.stderr())) {
            log.append(printed).append(printed.isEmpty() || printed.endsWith("\n") ? "" : "\n");
        }
        BigDecimal millis = millis(call.runNanos());
        log.append("END RequestId: ").append(id).append("\nREPORT RequestId: ").append(id).append("\tDuration: ")
                .append(millis).append(" ms\tBilled Duration: ").append(millis.setScale(0, RoundingMode.CEILING))
                .append(" ms\tMemory Size: ").append(version.memoryMb()).append(" MB");
        call.peakMemoryBytes().ifPresent(peak -> log.append("\tMax Memory Used: ").append(peak >> 20).append(" MB"));
        if (call.initNanos() > 0) {
            log.append("\tInit Duration: ").append(millis(call.initNanos())).append(" ms");
        }
        byte[] all = log.append("\n").toString().getBytes(StandardCharsets.UTF_8);
        return Base64.getEncoder().encodeToString(
                all.length > LOG_BYTES ? Arrays.copyOfRange(all, all.length - LOG_BYTES, all.length) : all);
    }

    private static BigDecimal millis(long nanos) {
        return BigDecimal.valueOf(nanos).movePointLeft(6).setScale(2, RoundingMode.HALF_UP);
    }
}
