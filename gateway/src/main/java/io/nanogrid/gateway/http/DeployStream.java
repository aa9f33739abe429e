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

    private DeployStream() {
    }

    /// Runs the deploy, and goes on with it should the caller hang up.
    static void run(Context ctx, long callbackId, Deployer deployer, DeployEvents events)
            throws IOException, InterruptedException {
        LinkedBlockingQueue<DeployEvent> queue = new LinkedBlockingQueue<>();
        String requestId = RequestId.of(ctx);
        try (DeployEvents.Subscription _ = events.subscribe(event -> {
            if (event.callbackId() == callbackId) {
                queue.add(event);
            }
        })) {
            CompletableFuture<DeployOutcome> outcome = new CompletableFuture<>();
            Thread.startVirtualThread(() -> {
                try {
                    outcome.complete(deployer.deploy(callbackId));
                } catch (InterruptedException | RuntimeException e) {
                    outcome.completeExceptionally(e);
                }
            });
            ctx.res().setContentType("text/event-stream");
            ctx.res().setCharacterEncoding("UTF-8");
            ctx.res().setHeader("Cache-Control", "no-store");
            OutputStream out = ctx.res().getOutputStream();
            relay(queue, outcome, out);
            finish(out, outcome, requestId);
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

    private static void finish(OutputStream out, CompletableFuture<DeployOutcome> future, String requestId)
            throws IOException {
        Problem problem = future.isCompletedExceptionally() ? Problem.internal() : switch (future.join()) {
            case DeployOutcome.Deployed deployed -> {
                send(out, "result", CallbackJson.deployed(deployed));
                yield null;
            }
            case DeployOutcome.Failed failed -> problem(failed);
            case DeployOutcome.Unavailable unavailable -> problem(unavailable);
        };
        if (problem != null) {
            send(out, "error", Problems.members(problem, requestId));
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
