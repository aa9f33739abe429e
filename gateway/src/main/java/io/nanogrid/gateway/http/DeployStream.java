package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.http.Context;
import io.nanogrid.gateway.deploy.DeployEvent;
import io.nanogrid.gateway.deploy.DeployEvents;
import io.nanogrid.gateway.deploy.DeployOutcome;
import io.nanogrid.gateway.deploy.Deployer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A deploy as server-sent events: `status` and `log` while it runs, and one `result` or `error` at its end.
final class DeployStream {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long LOOK_MILLIS = 20;

    private final DeployEvents events;
    private final Problems problems;

    DeployStream(DeployEvents events, Problems problems) {
        this.events = events;
        this.problems = problems;
    }

    /// Runs the deploy, and goes on with it should the caller hang up.
    void run(Context ctx, Deployer.Accepted accepted) throws IOException, InterruptedException {
        LinkedBlockingQueue<DeployEvent> queue = new LinkedBlockingQueue<>();
        long callbackId = accepted.callback().id();
        try (DeployEvents.Subscription _ = events.subscribe(event -> {
            if (event.callbackId() == callbackId) {
                queue.add(event);
            }
        })) {
            CompletableFuture<DeployOutcome> outcome = new CompletableFuture<>();
            Thread.startVirtualThread(() -> {
                try {
                    outcome.complete(accepted.run());
                } catch (InterruptedException | RuntimeException e) {
                    outcome.completeExceptionally(e);
                } catch (Error e) {
                    outcome.completeExceptionally(new IllegalStateException("the deploy ended abruptly", e));
                    throw e;
                }
            });
            ctx.res().setContentType("text/event-stream");
            ctx.res().setCharacterEncoding("UTF-8");
            ctx.res().setHeader("Cache-Control", "no-store");
            OutputStream out = ctx.res().getOutputStream();
            relay(queue, outcome, out);
            finish(out, outcome, ctx);
        }
    }

    private static void relay(LinkedBlockingQueue<DeployEvent> queue, CompletableFuture<DeployOutcome> outcome,
            OutputStream out)
            throws IOException, InterruptedException {
        while (true) {
            boolean ended = outcome.isDone();
            DeployEvent event = queue.poll(ended ? 0 : LOOK_MILLIS, TimeUnit.MILLISECONDS);
            if (event != null && event.type() != DeployEvent.Type.ERROR) {
                send(out, event.type() == DeployEvent.Type.LOG ? "log" : "status", CallbackJson.event(event));
            } else if (event == null && ended) {
                return;
            }
        }
    }

    private void finish(OutputStream out, CompletableFuture<DeployOutcome> future, Context ctx) throws IOException {
        Problem problem = switch (future.state()) {
            case SUCCESS -> switch (future.resultNow()) {
                case DeployOutcome.Deployed deployed -> {
                    send(out, "result", CallbackJson.deployed(deployed));
                    yield null;
                }
                case DeployOutcome.Failed failed -> problem(failed);
                case DeployOutcome.Unavailable unavailable -> problem(unavailable);
            };
            case FAILED -> problems.problem((Exception) future.exceptionNow(), RequestId.of(ctx),
                    ctx.req().getMethod(), ctx.path());
            case RUNNING, CANCELLED -> throw new IllegalStateException("a deploy that has ended is " + future.state());
        };
        if (problem != null) {
            send(out, "error", Problems.members(problem, RequestId.of(ctx)));
        }
    }

    private static void send(OutputStream out, String event, Map<String, ? extends @Nullable Object> data)
            throws IOException {
        out.write(("event: " + event + "\ndata: " + JSON.writeValueAsString(data) + "\n\n")
                .getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    static Problem problem(DeployOutcome.Failed failed) {
        Problem problem = Problem.buildFailed(failed.reason(), failed.message()).with("log", failed.log());
        return failed.detail().isEmpty() ? problem : FunctionFault.add(problem, failed.detail());
    }

    static Problem problem(DeployOutcome.Unavailable unavailable) {
        return Problem.engineUnavailable(unavailable.message()).with("log", unavailable.log());
    }
}
