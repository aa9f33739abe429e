package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.dispatch.Invocation;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.wire.Bytes;
import java.time.Duration;

/// Answers a request with what its call ended as.
final class CallWriter {

    /// The field in which the original system's clients look for the call's own status.
    private static final String LAMBDA_STATUS = "X-Lambda-Status-Code";
    private static final int TAIL = 4_000;

    private final boolean confinePages;
    private final boolean ownCors;

    /// @param confinePages whether pages that functions serve get an origin of their own: see [FunctionResponse#write]
    /// @param ownCors whether the gateway says which origins may read answers, in place of the functions
    CallWriter(boolean confinePages, boolean ownCors) {
        this.confinePages = confinePages;
        this.ownCors = ownCors;
    }

    void write(Context ctx, Invocation call) {
        ctx.header("X-Cold-Start", call.cold() ? "true" : "false");
        ctx.header("Server-Timing", "queue;dur=" + millis(call.queueNanos()) + ", init;dur=" + millis(call.initNanos())
                + ", function;dur=" + millis(call.runNanos()));
        switch (call.outcome()) {
            case Outcome.Value(Bytes json) -> {
                ctx.header(LAMBDA_STATUS, "200");
                ctx.status(200).contentType("application/json").result(json.array());
            }
            case Outcome.Response response -> {
                try {
                    FunctionResponse answer = FunctionResponse.read(response);
                    ctx.header(LAMBDA_STATUS, "200");
                    (ownCors ? answer.withoutCors() : answer).write(ctx, confinePages);
                } catch (FunctionResponse.Unusable e) {
                    ctx.header(LAMBDA_STATUS, "400");
                    Problems.write(ctx, Problem.badResult(String.valueOf(e.getMessage())));
                }
            }
            case Outcome.BadResult(Bytes detail) -> {
                ctx.header(LAMBDA_STATUS, "400");
                String text = detail.text();
                Problems.write(ctx, FunctionFault.add(Problem.badResult(FunctionFault.summary(text)), text));
            }
            case Outcome.FunctionError(Bytes detail) -> {
                ctx.header(LAMBDA_STATUS, "500");
                String text = detail.text();
                Problems.write(ctx, FunctionFault.add(Problem.functionError(FunctionFault.summary(text)), text));
            }
            case Outcome.InitFailed(Bytes detail) -> {
                ctx.header(LAMBDA_STATUS, "500");
                String text = detail.text();
                Problems.write(ctx, FunctionFault.add(Problem.initFailed(FunctionFault.summary(text)), text));
            }
            case Outcome.InitDied(String message, _) -> {
                ctx.header(LAMBDA_STATUS, "500");
                Problems.write(ctx, Problem.initFailed(message).with("output", tail(call)));
            }
            case Outcome.TimedOut(Duration limit) -> {
                ctx.header(LAMBDA_STATUS, "504");
                Problems.write(ctx, Problem.timedOut("the function ran longer than its " + limit.toMillis() + " ms"));
            }
            case Outcome.Exited(int code) ->
                Problems.write(ctx, Problem.instanceExited("the process ended with exit code " + code)
                        .with("exitCode", code).with("output", tail(call)));
            case Outcome.OutOfMemory(int limit) ->
                Problems.write(ctx, Problem.outOfMemory("the function needs more than its " + limit
                        + " MiB: raise memory_mb").with("output", tail(call)));
            case Outcome.Violated _ -> Problems.write(ctx, Problem.protocolViolated().with("output", tail(call)));
            case Outcome.Full(boolean ownLimit, Duration retryAfter) -> {
                ctx.header("Retry-After", String.valueOf(Math.max(1, retryAfter.toSeconds())));
                Problems.write(ctx, ownLimit ? Problem.functionBusy() : Problem.machineBusy());
            }
            case Outcome.Unavailable(String message) -> Problems.write(ctx, Problem.engineUnavailable(message));
        }
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
