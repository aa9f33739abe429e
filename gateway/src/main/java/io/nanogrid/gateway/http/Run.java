package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.db.IdempotencyKey;
import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.deploy.FunctionCatalog.Found;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.http.Idempotency.Attempt;
import io.nanogrid.gateway.invoke.RunFunction;
import io.nanogrid.gateway.invoke.RunRequest;
import io.nanogrid.gateway.invoke.RunResult;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.wire.Bytes;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `POST /run`: runs a function now, or accepts a job.
final class Run {

    private static final Logger LOG = LoggerFactory.getLogger(Run.class);

    private static final String ASYNC = "x-async";
    private static final Duration LONGEST = Duration.ofHours(1);

    private final FunctionCatalog functions;
    private final RunFunction run;
    private final InvocationQueue queue;
    private final int maxQueuedJobs;
    private final Callers callers;
    private final Idempotency idempotency;

    Run(FunctionCatalog functions, RunFunction run, InvocationQueue queue, int maxQueuedJobs, Callers callers,
            Idempotency idempotency) {
        this.functions = functions;
        this.run = run;
        this.queue = queue;
        this.maxQueuedJobs = maxQueuedJobs;
        this.callers = callers;
        this.idempotency = idempotency;
    }

    void post(Context ctx) throws InterruptedException {
        JsonBody.requireJson(ctx);
        byte[] bytes = ctx.bodyAsBytes();
        RunBody body = RunBody.read(bytes);
        boolean async = isAsync(ctx.header(ASYNC));
        FunctionVersion version = find(body);
        if (!async && version.timeout().compareTo(LONGEST) > 0) {
            throw Problem.badRequest("async_required", "the function may run for longer than an hour: send the header "
                    + "x-async: true, and ask GET /status/{jobId} for the result").thrown();
        }
        String key = ctx.header(Idempotency.HEADER);
        if (key == null) {
            answer(ctx, make(ctx, body, version, async));
            return;
        }
        IdempotencyKey once = Idempotency.key(callers.name(ctx.header(Guard.API_KEY)), "POST", "/run",
                body.functionId(), key);
        byte[] hash = Idempotency.hash(async ? "async" : "sync", Bytes.wrap(bytes));
        switch (idempotency.begin(ctx::header, once, hash)) {
            case Attempt.Replay(KeptResponse kept) -> {
                ctx.header(Idempotency.REPLAYED, "true");
                answer(ctx, kept);
            }
            case Attempt.First first -> idempotency.make(first, () -> {
                KeptResponse made = make(ctx, body, version, async);
                idempotency.keep(first, made);
                answer(ctx, made);
            });
        }
    }

    private static boolean isAsync(@Nullable String header) {
        if (header == null || header.equalsIgnoreCase("false")) {
            return false;
        }
        if (header.equalsIgnoreCase("true")) {
            return true;
        }
        throw Problem.badRequest("invalid_header", "the header x-async must be true or false").thrown();
    }

    private FunctionVersion find(RunBody body) throws InterruptedException {
        return switch (functions.find(body.functionId(), body.version())) {
            case Found.Ready(FunctionVersion version, _) -> version;
            case Found.Unknown() -> throw Problem.notFound("there is no such function").thrown();
            case Found.UnknownVersion(int number) ->
                throw Problem.notFound("the function has no version " + number + " that can run").thrown();
            case Found.NotDeployed(long callback) -> throw Problem.notFound(
                    "the function belongs to callback " + callback + ", which isn't deployed").thrown();
            case Found.Unavailable(String message) -> throw Problem.engineUnavailable(message).thrown();
        };
    }

    private KeptResponse make(Context ctx, RunBody body, FunctionVersion version, boolean async)
            throws InterruptedException {
        return async ? accept(ctx, body) : call(ctx, body, version);
    }

    private KeptResponse accept(Context ctx, RunBody body) {
        JobDraft job = new JobDraft(UUID.randomUUID().toString(), body.functionId(), body.version(),
                RequestId.of(ctx), body.input().array(), false, ctx.header("traceparent"), null);
        try {
            queue.put(job, maxQueuedJobs);
        } catch (StorageException e) {
            // The job wasn't accepted, so the same key may bring it again.
            LOG.error("A job can't be stored", e);
            throw Problem.storageFailed().thrown();
        }
        return KeptResponse.json(202, JobJson.accepted(job));
    }

    private KeptResponse call(Context ctx, RunBody body, FunctionVersion version) throws InterruptedException {
        RunResult result = run.run(version,
                new RunRequest(RequestId.of(ctx), body.input(), true, ctx.header("traceparent"), null));
        return switch (result.invocation().outcome()) {
            case Outcome.Full(boolean ownLimit, Duration retryAfter) -> {
                ctx.header("Retry-After", String.valueOf(Math.max(1, retryAfter.toSeconds())));
                throw (ownLimit ? Problem.functionBusy() : Problem.machineBusy()).thrown();
            }
            case Outcome.Unavailable(String message) -> throw Problem.engineUnavailable(message).thrown();
            case Outcome.Value _,Outcome.Response _,Outcome.FunctionError _,Outcome.BadResult _,Outcome.TimedOut _,Outcome.Exited _,Outcome.OutOfMemory _,Outcome.Violated _,Outcome.InitFailed _,Outcome.InitDied _ ->
                KeptResponse.json(200, result.json());
        };
    }

    private static void answer(Context ctx, KeptResponse response) {
        response.headers().forEach(header -> ctx.header(header.name(), header.value()));
        ctx.status(response.status()).result(response.body().array());
    }
}
