package io.nanogrid.gateway.http;

import io.nanogrid.gateway.dispatch.Invocation;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.wire.Bytes;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;

/// Answers a request with what its call ended as.
final class CallWriter {

    /// The field in which the original system's clients look for the call's own status.
    private static final String LAMBDA_STATUS = "X-Lambda-Status-Code";
    private static final int TAIL = 4_000;
    private static final HttpField SUCCESS = new PreEncodedHttpField(LAMBDA_STATUS, "200");
    private static final HttpField COLD = new PreEncodedHttpField("X-Cold-Start", "true");
    private static final HttpField WARM = new PreEncodedHttpField("X-Cold-Start", "false");
    private static final HttpField JSON = new PreEncodedHttpField(HttpHeader.CONTENT_TYPE, "application/json");

    private final BooleanSupplier confinePages;
    private final boolean ownCors;

    /// @param confinePages whether pages that functions serve now get an origin of their own: see [FunctionResponse#write]
    /// @param ownCors whether the gateway says which origins may read answers, in place of the functions
    CallWriter(BooleanSupplier confinePages, boolean ownCors) {
        this.confinePages = confinePages;
        this.ownCors = ownCors;
    }

    /// @throws Problem.Thrown if the platform couldn't make the call
    void write(ApiExchange exchange, Invocation call) {
        exchange.set(call.cold() ? COLD : WARM);
        exchange.set("Server-Timing", "queue;dur=" + millis(call.queueNanos()) + ", init;dur="
                + millis(call.initNanos()) + ", function;dur=" + millis(call.runNanos()));
        switch (call.outcome()) {
            case Outcome.Value(Bytes json) -> {
                exchange.set(SUCCESS);
                exchange.set(JSON);
                exchange.send(200, json.array());
            }
            case Outcome.Response response -> write(exchange, response);
            case Outcome.BadResult(Bytes detail) -> fault(exchange, "400", detail, Problem::badResult);
            case Outcome.FunctionError(Bytes detail) -> fault(exchange, "500", detail, Problem::functionError);
            case Outcome.InitFailed(Bytes detail) -> fault(exchange, "500", detail, Problem::initFailed);
            case Outcome.InitDied(String message, _) ->
                fail(exchange, "500", Problem.initFailed(message).with("output", tail(call)));
            case Outcome.TimedOut(Duration limit) -> fail(exchange, "504",
                    Problem.timedOut("the function ran longer than its " + limit.toMillis() + " ms"));
            case Outcome.Exited(int code) ->
                exchange.send(Problem.instanceExited("the process ended with exit code " + code)
                        .with("exitCode", code).with("output", tail(call)));
            case Outcome.OutOfMemory(int limit) ->
                exchange.send(Problem.outOfMemory("the function needs more than its " + limit
                        + " MiB: raise memory_mb").with("output", tail(call)));
            case Outcome.Violated _ -> exchange.send(Problem.protocolViolated().with("output", tail(call)));
            case Outcome.Full(boolean ownLimit, Duration retryAfter) -> {
                exchange.set("Retry-After", String.valueOf(Math.max(1, retryAfter.toSeconds())));
                throw (ownLimit ? Problem.functionBusy() : Problem.machineBusy()).thrown();
            }
            case Outcome.Unavailable(String message) -> throw Problem.engineUnavailable(message).thrown();
        }
    }

    private void write(ApiExchange exchange, Outcome.Response response) {
        try {
            FunctionResponse answer = FunctionResponse.read(response);
            exchange.set(SUCCESS);
            (ownCors ? answer.withoutCors() : answer).write(exchange, confinePages.getAsBoolean());
        } catch (FunctionResponse.Unusable e) {
            fail(exchange, "400", Problem.badResult(String.valueOf(e.getMessage())));
        }
    }

    private static void fault(
            ApiExchange exchange,
            String status,
            Bytes detail,
            Function<String, Problem> problem) {
        String text = detail.text();
        fail(exchange, status, FunctionFault.add(problem.apply(FunctionFault.summary(text)), text));
    }

    private static void fail(ApiExchange exchange, String status, Problem problem) {
        exchange.set(LAMBDA_STATUS, status);
        exchange.send(problem);
    }

    private static String tail(Invocation call) {
        String printed = call.stdout() + call.stderr();
        return printed.length() <= TAIL ? printed : printed.substring(printed.length() - TAIL);
    }

    /// With three digits, which are microseconds.
    private static String millis(long nanos) {
        long micros = nanos / 1_000;
        String rest = String.valueOf(1_000 + micros % 1_000);
        return micros / 1_000 + "." + rest.substring(1);
    }
}
