package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobRepository;
import io.nanogrid.db.JobState;
import io.nanogrid.db.Page;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.aws.JobLedger;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.Select;

/// Jobs, one item each. Lists of them come from an index, which may be some milliseconds behind. Stateless: any thread may use it.
final class DynamoJobs implements JobRepository, JobLedger {

    private static final String LIST = "jobs";
    /// DynamoDB's bound of items in a page is 1 MB; this is of the index's short entries.
    private static final int PAGE = 1_000;

    /// Of each state: DynamoDB counts by reading, which is paid for.
    static final long MOST_COUNTED = 10_000;

    private final Table table;
    private final Clock clock;
    private final JobItems items;
    private final Payloads payloads;

    DynamoJobs(Table table, Clock clock, Payloads payloads) {
        this.table = table;
        this.clock = clock;
        this.payloads = payloads;
        this.items = new JobItems(payloads);
    }

    @Override
    public JobRecord create(JobDraft draft) {
        Instant now = clock.now();
        JobRecord job = new JobRecord(draft, JobState.PENDING, 0, now, null, null, null, null);
        Item item = items.of(job, JobItems.place(now, draft.id()));
        boolean created = false;
        try {
            created = table.create(item);
        } finally {
            if (!created) {
                items.deletePayloads(List.of(item));
            }
        }
        if (!created) {
            throw new IllegalArgumentException("there already is a job '%s'".formatted(draft.id()));
        }
        return job;
    }

    @Override
    public void discard(String id) {
        Item gone = table.get(Key.job(id));
        if (gone != null) {
            table.deleteAll(List.of(gone.key()));
            items.deletePayloads(List.of(gone));
        }
    }

    @Override
    public Begun begin(String id) {
        Update.Result begun = JobItems.begin(id, clock.now()).in(table);
        Item item = begun.item();
        if (item == null || JobItems.isFinal(item)) {
            return new Begun.Over();
        }
        if (!begun.changed()) {
            return new Begun.Exhausted(JobItems.listed(item));
        }
        try {
            return new Begun.Started(items.record(item));
        } catch (StorageException e) {
            if (e.getCause() instanceof NoSuchFileException) {
                return new Begun.Lost(JobItems.listed(item));
            }
            takeBack(id, JobItems.listed(item).attempts(), e);
            throw e;
        }
    }

    /// A job whose input can't be read now hasn't been begun.
    private void takeBack(String id, int attempt, StorageException reason) {
        try {
            giveBack(id, attempt, false);
        } catch (StorageException e) {
            reason.addSuppressed(e);
        }
    }

    @Override
    public boolean end(String id, JobState state, byte[] json, @Nullable String reason) {
        Item result = items.result(id, json);
        boolean ended = JobItems.end(id, state, clock.now(), result, reason).in(table).changed();
        if (!ended) {
            items.deletePayloads(List.of(result));
        }
        return ended;
    }

    @Override
    public boolean giveBack(String id, int attempt, boolean counts) {
        return table.write(transaction -> {
            Item before = transaction.get(Key.job(id));
            if (before == null || JobItems.state(before) != JobState.RUNNING) {
                return false;
            }
            JobRecord job = JobItems.listed(before);
            if (job.attempts() != attempt) {
                return false;
            }
            if (counts && job.attempts() >= InvocationQueue.MAX_ATTEMPTS) {
                return false;
            }
            transaction.replace(before, JobItems.changed(before, new JobRecord(job.draft(), JobState.PENDING,
                    job.attempts() - (counts ? 0 : 1), job.acceptedAt(), null, null, null, null)));
            return true;
        });
    }

    @Override
    public @Nullable JobState state(String id) {
        Item item = table.get(Key.job(id));
        return item == null ? null : JobItems.state(item);
    }

    @Override
    public Optional<JobRecord> find(String id) {
        return Optional.ofNullable(table.get(Key.job(id))).map(items::record);
    }

    @Override
    public Optional<JobRecord> findWithoutInput(String id) {
        return Optional.ofNullable(table.get(Key.job(id))).map(items::withoutInput);
    }

    @Override
    public Page<JobRecord> list(@Nullable JobState state, int limit, @Nullable String cursor) {
        String before = Cursor.decode(LIST, cursor);
        Stream<JobState> states = state == null ? Stream.of(JobState.values()) : Stream.of(state);
        // A job that goes on between two of the queries is in both; what came later is true.
        Map<String, Item> newest = new HashMap<>();
        states.forEach(one -> newest(one, before, limit + 1)
                .forEach(item -> newest.put(item.text(JobItems.PLACE), item)));
        List<Item> found = newest.values().stream()
                .sorted(Comparator.comparing((Item item) -> item.text(JobItems.PLACE)).reversed()).limit(limit + 1L)
                .toList();
        List<Item> given = found.subList(0, Math.min(limit, found.size()));
        return new Page<>(given.stream().map(JobItems::listed).toList(),
                found.size() > limit ? Cursor.encode(LIST, given.getLast().text(JobItems.PLACE)) : null);
    }

    /// @param before null for the end
    private List<Item> newest(JobState state, @Nullable String before, int limit) {
        QueryRequest query = index(state, before == null ? "~" : before).scanIndexForward(false)
                .limit(Math.min(limit, PAGE)).build();
        return table.guarded(
                () -> table.client().queryPaginator(query).items().stream().limit(limit).map(Item::new).toList());
    }

    private QueryRequest.Builder index(JobState state, String before) {
        return QueryRequest.builder().tableName(table.name()).indexName(JobItems.INDEX)
                .keyConditionExpression("#s = :s AND #p < :p")
                .expressionAttributeNames(Map.of("#s", JobItems.STATE, "#p", JobItems.PLACE))
                .expressionAttributeValues(
                        Map.of(":s", AttributeValue.fromS(state.name()), ":p", AttributeValue.fromS(before)));
    }

    @Override
    public Map<JobState, Long> counts() {
        Map<JobState, Long> counts = new EnumMap<>(JobState.class);
        for (JobState state : JobState.values()) {
            counts.put(state, count(state));
        }
        return counts;
    }

    private long count(JobState state) {
        QueryRequest query = index(state, "~").select(Select.COUNT).build();
        return table.guarded(() -> {
            long count = 0;
            for (QueryResponse page : table.client().queryPaginator(query)) {
                count += page.count();
                if (count >= MOST_COUNTED) {
                    return MOST_COUNTED;
                }
            }
            return count;
        });
    }

    @Override
    public int deleteEndedBefore(Instant cutoff) {
        // Of what was accepted later none has ended before.
        String before = Key.ordered(Item.micros(cutoff));
        List<Item> old = new ArrayList<>();
        for (JobState state : List.of(JobState.DONE, JobState.DEAD)) {
            QueryRequest query = index(state, before).build();
            old.addAll(table.guarded(() -> table.client().queryPaginator(query).items().stream().map(Item::new)
                    .filter(item -> item.time(JobItems.ENDED).isBefore(cutoff)).toList()));
        }
        items.deletePayloads(old);
        table.deleteAll(old.stream().map(Item::key).toList());
        return old.size();
    }
}
