package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobRepository;
import io.nanogrid.db.JobState;
import io.nanogrid.db.Page;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// `/status/{jobId}` and `/jobs`: what has become of calls that were accepted for later.
final class Jobs {

    private static final int MAX_LIMIT = 1_000;
    private static final String STATES = Arrays.stream(JobState.values()).map(JobState::wireName).toList().toString();

    private final JobRepository jobs;
    private final InvocationQueue queue;
    private final int maxQueuedJobs;

    Jobs(JobRepository jobs, InvocationQueue queue, int maxQueuedJobs) {
        this.jobs = jobs;
        this.queue = queue;
        this.maxQueuedJobs = maxQueuedJobs;
    }

    void status(Context ctx) {
        JobRecord job = found(jobs.findWithoutInput(ctx.pathParam("jobId")));
        ctx.contentType("application/json").result(JobJson.status(job));
    }

    void list(Context ctx) {
        ListQuery query = new ListQuery(ctx);
        JobState state = query.value("state", "one of " + STATES, Jobs::state);
        int limit = query.limit(MAX_LIMIT);
        String cursor = query.cursor();
        Page<JobRecord> page = ListQuery.page(() -> jobs.list(state, limit, cursor));
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("jobs", page.items().stream().map(JobJson::summary).toList());
        json.put("nextCursor", page.nextCursor());
        ctx.json(json);
    }

    void retry(Context ctx) {
        JobRecord job = found(jobs.find(ctx.pathParam("id")));
        switch (job.state()) {
            case PENDING, RUNNING -> throw Problem.jobNotFinished("the job is " + job.state().wireName()
                    + ": only one that is done or dead can be run again").thrown();
            case DONE, DEAD -> {
                JobDraft old = job.draft();
                JobDraft again = new JobDraft(UUID.randomUUID().toString(), old.functionId(), old.version(),
                        RequestId.of(ctx), old.input(), old.event(), ctx.header("traceparent"), old.id());
                queue.put(again, maxQueuedJobs);
                ctx.status(202).contentType("application/json").result(JobJson.accepted(again));
            }
        }
    }

    private static JobRecord found(Optional<JobRecord> job) {
        return job.orElseThrow(() -> Problem
                .notFound("there is no such job; those that have ended are kept for an hour").thrown());
    }

    private static Optional<JobState> state(String name) {
        return Arrays.stream(JobState.values()).filter(state -> state.wireName().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst();
    }
}
