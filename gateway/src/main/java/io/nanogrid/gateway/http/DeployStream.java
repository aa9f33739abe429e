package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.deploy.BuildFault;
import io.nanogrid.gateway.deploy.DeployEvent;
import io.nanogrid.gateway.deploy.DeployEvents;
import io.nanogrid.gateway.deploy.DeployOutcome;
import io.nanogrid.gateway.deploy.Deployer;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A deploy as server-sent events: `status` and `log` while it runs, and one `result` or `error` at its end.
final class DeployStream {

    private static final Logger LOG = LoggerFactory.getLogger(DeployStream.class);

    private final DeployEvents events;
    private final Problems problems;

    DeployStream(DeployEvents events, Problems problems) {
        this.events = events;
        this.problems = problems;
    }

    /// Runs the deploy, and goes on with it should the caller hang up.
    void run(Context ctx, Deployer.Accepted accepted) throws InterruptedException {
        BlockingQueue<Optional<DeployEvent>> queue = new LinkedBlockingQueue<>();
        long callbackId = accepted.callback().id();
        try (DeployEvents.Subscription _ = events.subscribe(event -> {
            if (event.callbackId() == callbackId) {
                queue.add(Optional.of(event));
            }
        })) {
            CompletableFuture<DeployOutcome> outcome = new CompletableFuture<>();
            var unused = outcome.whenComplete((_, _) -> queue.add(Optional.empty()));
            Thread.startVirtualThread(() -> {
                try {
                    outcome.complete(accepted.run());
                } catch (InterruptedException | RuntimeException e) {
                    outcome.completeExceptionally(e);
                } catch (Error e) {
                    outcome.completeExceptionally(new IllegalStateException("the deploy ended abruptly", e));
                }
            });
            EventStream out = EventStream.open(ctx);
            relay(queue, out);
            finish(out, outcome, ctx);
        } catch (IOException e) {
            LOG.debug("Who listened to the deploy of callback {} has hung up", callbackId, e);
        }
    }

    /// @param queue ends with an empty element
    private static void relay(BlockingQueue<Optional<DeployEvent>> queue, EventStream out)
            throws IOException, InterruptedException {
        for (Optional<DeployEvent> next = queue.take(); next.isPresent(); next = queue.take()) {
            DeployEvent event = next.get();
            switch (event.type()) {
                case STATUS -> out.send("status", CallbackJson.event(event));
                case LOG -> out.send("log", CallbackJson.event(event));
                case ERROR -> {
                    // The outcome says more, and says it at the end.
                }
            }
        }
    }

    private void finish(EventStream out, CompletableFuture<DeployOutcome> future, Context ctx) throws IOException {
        Problem problem = switch (future.state()) {
            case SUCCESS -> switch (future.resultNow()) {
                case DeployOutcome.Deployed deployed -> {
                    out.send("result", CallbackJson.deployed(deployed));
                    yield null;
                }
                case BuildFault.Failed failed -> problem(failed);
                case BuildFault.Unavailable unavailable -> problem(unavailable);
            };
            case FAILED -> problems.problem((Exception) future.exceptionNow(),
                    ctx.req().getMethod(), ctx.path());
            case RUNNING, CANCELLED -> throw new IllegalStateException("a deploy that has ended is " + future.state());
        };
        if (problem != null) {
            Problems.note(ctx, problem);
            out.send("error", Problems.members(problem, RequestId.of(ctx)));
        }
    }

    static Problem problem(BuildFault.Failed failed) {
        Problem problem = Problem.buildFailed(failed.reason(), failed.message()).with("log", failed.log());
        return failed.detail().isEmpty() ? problem : FunctionFault.add(problem, failed.detail());
    }

    static Problem problem(BuildFault.Unavailable unavailable) {
        return Problem.engineUnavailable(unavailable.message()).with("log", unavailable.log());
    }
}
