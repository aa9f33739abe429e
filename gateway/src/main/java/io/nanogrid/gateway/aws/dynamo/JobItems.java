package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobState;
import io.nanogrid.gateway.aws.Resources;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Jobs as items.
final class JobItems {

    static final String INDEX = Resources.JOBS_INDEX;
    static final String STATE = Resources.JOB_STATE;
    static final String PLACE = Resources.JOB_PLACE;
    static final String ENDED = "endedAt";
    static final String RESULT = "result";
    private static final String INPUT = "input";
    private static final String ATTEMPTS = "attempts";
    private static final String ID = "id";

    /// SQS keeps a message for no longer than that.
    private static final Duration LONGEST_WAIT = Duration.ofDays(14);
    /// Whoever cleans up does so earlier; this is for when there is nobody.
    private static final Duration KEPT = Duration.ofHours(2);

    private static final int LONGEST_REASON = 4_000;

    private final Payloads payloads;

    JobItems(Payloads payloads) {
        this.payloads = payloads;
    }

    /// Grows from job to job, nearly.
    static String place(Instant acceptedAt, String id) {
        return Key.ordered(Clock.nextPlace(acceptedAt)) + "#" + id;
    }

    Item of(JobRecord job, String place) {
        JobDraft draft = job.draft();
        Item.Builder item = Item.at(Key.job(draft.id())).set(ID, draft.id()).set("functionId", draft.functionId())
                .set("version", draft.version()).set("requestId", draft.requestId()).set("event", draft.event())
                .set("traceparent", draft.traceparent()).set("retryOf", draft.retryOf())
                .set("acceptedAt", job.acceptedAt()).set(PLACE, place)
                .set(Item.TIME_TO_LIVE, job.acceptedAt().plus(LONGEST_WAIT).getEpochSecond());
        payloads.set(item, INPUT, draft.input(), "inputs/" + draft.id() + "-" + UUID.randomUUID());
        return changed(item.build(), job);
    }

    /// The same with another state; the result stays as it is.
    static Item changed(Item before, JobRecord job) {
        return Item.from(before).set(STATE, job.state().name()).set(ATTEMPTS, job.attempts()).without("startedAt")
                .set("startedAt", job.startedAt()).build();
    }

    /// Makes a job `RUNNING` for one more attempt, if there may be one more.
    static Update begin(String id, Instant now) {
        return new Update(Key.job(id)).count(ATTEMPTS)
                .set(Item.nested().set(STATE, JobState.RUNNING.name()).set("startedAt", now).build())
                .where("#%1$s = :pending OR #%1$s = :%1$s AND #%2$s < :most".formatted(STATE, ATTEMPTS),
                        Map.of(":pending", AttributeValue.fromS(JobState.PENDING.name()), ":most",
                                AttributeValue.fromN(String.valueOf(InvocationQueue.MAX_ATTEMPTS))));
    }

    /// The attributes that keep a result, of whatever length.
    Item result(String id, byte[] json) {
        return payloads.set(Item.nested(), RESULT, json, "results/" + id + "-" + UUID.randomUUID()).build();
    }

    /// Gives a `RUNNING` job its final state.
    static Update end(String id, JobState state, Instant now, Item result, @Nullable String reason) {
        return new Update(Key.job(id))
                .set(Item.from(result).set(STATE, state.name()).set(ENDED, now).set("reason", cut(reason))
                        .set(Item.TIME_TO_LIVE, now.plus(KEPT).getEpochSecond()).build())
                .where("#%s = :running".formatted(STATE),
                        Map.of(":running", AttributeValue.fromS(JobState.RUNNING.name())));
    }

    private static @Nullable String cut(@Nullable String reason) {
        return reason == null || reason.length() <= LONGEST_REASON ? reason : reason.substring(0, LONGEST_REASON) + "…";
    }

    static JobState state(Item item) {
        return JobState.valueOf(item.text(STATE));
    }

    static boolean isFinal(Item item) {
        return switch (state(item)) {
            case PENDING, RUNNING -> false;
            case DONE, DEAD -> true;
        };
    }

    JobRecord record(Item item) {
        byte[] input = payloads.get(item, INPUT);
        return record(item, input == null ? new byte[0] : input, payloads.get(item, RESULT));
    }

    JobRecord withoutInput(Item item) {
        return record(item, new byte[0], payloads.get(item, RESULT));
    }

    /// Without input and result, which the index hasn't got.
    static JobRecord listed(Item item) {
        return record(item, new byte[0], null);
    }

    private static JobRecord record(Item item, byte[] input, byte @Nullable [] result) {
        JobDraft draft = new JobDraft(item.text(ID), item.text("functionId"), item.intOrNull("version"),
                item.text("requestId"), input, item.flag("event"), item.textOrNull("traceparent"),
                item.textOrNull("retryOf"));
        return new JobRecord(draft, state(item), (int) item.number(ATTEMPTS), item.time("acceptedAt"),
                item.timeOrNull("startedAt"), item.timeOrNull(ENDED), result, item.textOrNull("reason"));
    }

    void deletePayloads(List<Item> jobs) {
        jobs.stream().flatMap(job -> payloads.keys(job, INPUT, RESULT).stream())
                .forEach(payloads::delete);
    }
}
