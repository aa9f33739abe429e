package io.nanogrid.gateway.invoke;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionStatus;
import io.nanogrid.gateway.dispatch.Invocation;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.dispatch.Route;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Makes the record of a call that has ended.
final class Executions {

    private Executions() {
    }

    private record Fault(@Nullable String type, @Nullable String message) {
    }

    static ExecutionRecord record(Route route, Invocation call) {
        Fault fault = fault(call.outcome());
        return new ExecutionRecord(call.requestId(), route.version().key().functionId(),
                route.version().key().version(), status(call.outcome()), call.startedAt(),
                Duration.ofNanos(call.queueNanos()),
                Duration.ofNanos(call.initNanos()), Duration.ofNanos(call.runNanos()), call.cold(),
                call.peakMemoryBytes().isPresent() ? call.peakMemoryBytes().getAsLong() : null, fault.type(),
                fault.message(),
                call.stdout(), call.stderr(), call.outputCut());
    }

    private static ExecutionStatus status(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Value _,Outcome.Response _ -> ExecutionStatus.SUCCESS;
            case Outcome.FunctionError _ -> ExecutionStatus.FUNCTION_ERROR;
            case Outcome.BadResult _ -> ExecutionStatus.BAD_RESULT;
            case Outcome.TimedOut _ -> ExecutionStatus.TIMEOUT;
            case Outcome.Exited _,Outcome.Violated _ -> ExecutionStatus.EXITED;
            case Outcome.OutOfMemory _ -> ExecutionStatus.OUT_OF_MEMORY;
            case Outcome.InitFailed _,Outcome.InitDied _ -> ExecutionStatus.INIT_ERROR;
            case Outcome.Full _,Outcome.Unavailable _ -> ExecutionStatus.PLATFORM_ERROR;
        };
    }

    private static Fault fault(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Value _,Outcome.Response _ -> new Fault(null, null);
            case Outcome.FunctionError(Bytes detail) -> read(detail);
            case Outcome.InitFailed(Bytes detail) -> read(detail);
            case Outcome.BadResult(Bytes detail) -> read(detail);
            case Outcome.TimedOut(Duration limit) -> new Fault("Timeout", "longer than " + limit.toMillis() + " ms");
            case Outcome.Exited(int code) -> new Fault("InstanceExited", "exit code " + code);
            case Outcome.Violated(String message) -> new Fault("ProtocolViolation", message);
            case Outcome.OutOfMemory(int limit) -> new Fault("OutOfMemory", "more than " + limit + " MiB");
            case Outcome.InitDied(String message, _) -> new Fault("InitFailed", message);
            case Outcome.Full(boolean ownLimit, _) ->
                new Fault("Full", ownLimit ? "the function's limit" : "the machine's limit");
            case Outcome.Unavailable(String message) -> new Fault("Unavailable", message);
        };
    }

    /// The type and message of an error as an instance sent it: anything may stand there.
    private static Fault read(Bytes detail) {
        String type = null;
        String message = null;
        try (JsonParser json = Events.JSON.createParser(detail.array())) {
            json.nextToken();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                switch (name) {
                    case "errorType" -> type = json.getValueAsString();
                    case "errorMessage" -> message = json.getValueAsString();
                    default -> json.skipChildren();
                }
            }
        } catch (IOException e) {
            return new Fault(type, message);
        }
        return new Fault(type, message);
    }
}
