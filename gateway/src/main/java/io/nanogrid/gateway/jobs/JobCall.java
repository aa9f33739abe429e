package io.nanogrid.gateway.jobs;

import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.deploy.FunctionCatalog.Found;
import io.nanogrid.gateway.deploy.InvalidDefinition;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.invoke.RunFunction;
import io.nanogrid.gateway.invoke.RunRequest;
import io.nanogrid.gateway.invoke.RunResult;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs one job that has been claimed, and stores what came of it. Safe for use by many threads.
final class JobCall {

    private static final Logger LOG = LoggerFactory.getLogger(JobCall.class);
    private static final Duration STORE_AGAIN = Duration.ofSeconds(1);
    /// After the first failure of the platform; each one multiplies it.
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
    private static final int LONGER = 6;

    private final InvocationQueue queue;
    private final FunctionCatalog functions;
    private final UnlistedFunctions unlisted;
    private final RunFunction run;

    JobCall(InvocationQueue queue, FunctionCatalog functions, UnlistedFunctions unlisted, RunFunction run) {
        this.queue = queue;
        this.functions = functions;
        this.unlisted = unlisted;
        this.run = run;
    }

    /// The result of a job that is given up, in the shape of every other.
    static byte[] resultOfTheDead(JobRecord job, String reason) {
        return RunResult.notRun(job.draft().requestId(), job.draft().functionId(), reason);
    }

    /// Blocks until the job has ended, or can't go on for now.
    ///
    /// @param found takes the version that is going to run
    /// @return for how long no other job of the function should begin
    /// @throws InterruptedException if the thread was interrupted: the job is still `RUNNING`
    Duration run(JobRecord job, Consumer<FunctionVersion> found) throws InterruptedException {
        try {
            return callAndSettle(job, found);
        } catch (RuntimeException | Error e) {
            LOG.error("Job {} failed in the gateway", job.draft().id(), e);
            return again(job, "the gateway failed; its log says why");
        }
    }

    private Duration callAndSettle(JobRecord job, Consumer<FunctionVersion> found) throws InterruptedException {
        JobDraft draft = job.draft();
        return switch (functions.find(draft.functionId(), draft.version())) {
            case Found.Ready(FunctionVersion version, _) -> callAndSettle(job, version, found);
            case Found.Unknown() -> callUnlisted(job, found);
            case Found.UnknownVersion(int number) -> giveUp(job, "version " + number + " is there no more");
            case Found.NotDeployed(long callback) -> giveUp(job, "callback " + callback + " isn't deployed any more");
            case Found.Unavailable(String message) -> again(job, message);
        };
    }

    private Duration callUnlisted(JobRecord job, Consumer<FunctionVersion> found) throws InterruptedException {
        FunctionVersion version;
        try {
            version = unlisted.find(job.draft().id());
        } catch (InvalidDefinition e) {
            return giveUp(job, String.valueOf(e.getMessage()));
        } catch (EngineException | IOException e) {
            return again(job, "the function can't be had: " + e.getMessage());
        }
        return version == null
                ? giveUp(job, "the function " + job.draft().functionId() + " is there no more")
                : callAndSettle(job, version, found);
    }

    private Duration callAndSettle(JobRecord job, FunctionVersion version, Consumer<FunctionVersion> found)
            throws InterruptedException {
        JobDraft draft = job.draft();
        found.accept(version);
        return settle(job, run.run(version, new RunRequest(draft.requestId(), Bytes.wrap(draft.input()),
                !draft.event(), draft.traceparent(), null)));
    }

    private Duration settle(JobRecord job, RunResult result) throws InterruptedException {
        return switch (result.invocation().outcome()) {
            case Outcome.Full(_, Duration retryAfter) -> {
                store(job, () -> queue.giveBack(job.draft().id(), false));
                yield retryAfter;
            }
            case Outcome.Unavailable(String message) -> again(job, message);
            case Outcome.Value _,Outcome.Response _,Outcome.FunctionError _,Outcome.BadResult _,Outcome.TimedOut _,Outcome.Exited _,Outcome.OutOfMemory _,Outcome.Violated _,Outcome.InitFailed _,Outcome.InitDied _ -> {
                byte[] json = result.json();
                store(job, () -> queue.complete(job.draft().id(), json));
                yield Duration.ZERO;
            }
        };
    }

    /// Has a job tried again that the platform couldn't run, unless this was the last time.
    private Duration again(JobRecord job, String why) throws InterruptedException {
        if (job.attempts() >= InvocationQueue.MAX_ATTEMPTS) {
            return giveUp(job, "the platform failed " + job.attempts() + " times, the last time with: " + why);
        }
        LOG.warn("Job {} is tried again: {}", job.draft().id(), why);
        store(job, () -> queue.giveBack(job.draft().id(), true));
        return FIRST_PAUSE.multipliedBy(Math.powExact(LONGER, job.attempts() - 1));
    }

    private Duration giveUp(JobRecord job, String reason) throws InterruptedException {
        LOG.warn("Job {} is given up: {}", job.draft().id(), reason);
        store(job, () -> queue.giveUp(job.draft().id(), resultOfTheDead(job, reason), reason));
        return Duration.ZERO;
    }

    /// As often as it takes: what a function has done can't be taken back, so the record of it must not be lost to a full disk.
    private static void store(JobRecord job, Runnable change) throws InterruptedException {
        while (true) {
            try {
                change.run();
                return;
            } catch (StorageException e) {
                LOG.error("What came of job {} can't be stored yet: {}", job.draft().id(), e.getMessage());
                TimeUnit.NANOSECONDS.sleep(STORE_AGAIN.toNanos());
            }
        }
    }
}
