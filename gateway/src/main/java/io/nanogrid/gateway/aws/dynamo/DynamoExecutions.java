package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.ExecutionFilter;
import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionRepository;
import io.nanogrid.db.ExecutionStatus;
import io.nanogrid.db.Page;
import io.nanogrid.db.Peak;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;

/// Records of calls in a table of their own: by function, then by start. What is older than they are kept is not seen any more, and DynamoDB
/// deletes it when it comes to it. Stateless: any thread may use it.
final class DynamoExecutions implements ExecutionRepository {

    static final String FUNCTION = "functionId";
    static final String PLACE = "sk";
    private static final String LIST = "executions";
    private static final int SEARCHED_FOR_PEAKS = 10_000;
    private static final int PAGE = 200;
    /// That one search reads, each of up to 1 MB, before it answers with what it has found by then.
    static final int MOST_PAGES = 10;
    /// Sorts after every start.
    private static final String LAST = "~";

    private final Table table;
    private final Clock clock;
    private final Duration retention;

    /// @param retention how long records are kept
    DynamoExecutions(Table table, Clock clock, Duration retention) {
        this.table = table;
        this.clock = clock;
        this.retention = retention;
    }

    /// Records that are stored a second time, since nobody knew whether the first time went well, take the places that they have.
    @Override
    public void insert(List<ExecutionRecord> executions) {
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < executions.size(); i++) {
            items.add(ExecutionItems.of(executions.get(i), i, retention));
        }
        table.putAll(items);
    }

    @Override
    public Page<ExecutionRecord> list(String functionId, ExecutionFilter filter, int limit, @Nullable String cursor) {
        String after = Cursor.decode(LIST, cursor);
        String from = Key.ordered(Item.micros(earliest(filter.since())));
        Instant until = filter.until();
        String end = until == null || until.isBefore(Instant.EPOCH) ? LAST : Key.ordered(Item.micros(until));
        String newest = after != null && after.compareTo(end) < 0 ? after : end;
        boolean nothing = filter.statuses() != null && filter.statuses().isEmpty();
        if (nothing || !Key.isPossible(functionId) || from.compareTo(newest) > 0) {
            return new Page<>(List.of(), null);
        }
        QueryRequest query = query(functionId, filter, from, end, newest.equals(after) ? after : null);
        return table.guarded(() -> {
            List<Item> found = new ArrayList<>();
            int pages = 0;
            for (QueryResponse page : table.client().queryPaginator(query)) {
                page.items().stream().map(Item::new).forEach(found::add);
                pages++;
                if (found.size() > limit) {
                    List<Item> given = found.subList(0, limit);
                    return page(given, given.getLast());
                }
                if (pages == MOST_PAGES && page.hasLastEvaluatedKey()) {
                    return page(found, new Item(page.lastEvaluatedKey()));
                }
            }
            return page(found, null);
        });
    }

    /// @param last where the next page goes on, or null for the end
    private static Page<ExecutionRecord> page(List<Item> items, @Nullable Item last) {
        return new Page<>(items.stream().map(ExecutionItems::record).toList(),
                last == null ? null : Cursor.encode(LIST, last.text(PLACE)));
    }

    /// @param after where to go on, or null
    private QueryRequest query(String functionId, ExecutionFilter filter, String from, String end,
            @Nullable String after) {
        Map<String, AttributeValue> values = new HashMap<>(Map.of(":f", AttributeValue.fromS(functionId), ":from",
                AttributeValue.fromS(from), ":end", AttributeValue.fromS(end)));
        Map<String, String> names = new HashMap<>(Map.of("#f", FUNCTION, "#at", PLACE));
        QueryRequest.Builder query = QueryRequest.builder().tableName(table.name()).consistentRead(true)
                .scanIndexForward(false).limit(PAGE).keyConditionExpression("#f = :f AND #at BETWEEN :from AND :end");
        if (after != null) {
            query.exclusiveStartKey(
                    Map.of(FUNCTION, AttributeValue.fromS(functionId), PLACE, AttributeValue.fromS(after)));
        }
        Set<ExecutionStatus> statuses = filter.statuses();
        if (statuses != null) {
            names.put("#s", ExecutionItems.STATUS);
            statuses.forEach(status -> values.put(":" + status, AttributeValue.fromS(status.name())));
            query.filterExpression("#s IN (" + statuses.stream().map(status -> ":" + status)
                    .collect(Collectors.joining(", ")) + ")");
        }
        return query.expressionAttributeNames(names).expressionAttributeValues(values).build();
    }

    private Instant earliest(@Nullable Instant since) {
        Instant kept = clock.now().minus(retention);
        Instant earliest = since == null || since.isBefore(kept) ? kept : since;
        return earliest.isBefore(Instant.EPOCH) ? Instant.EPOCH : earliest;
    }

    @Override
    public List<Peak> peaks(String functionId, int version, int limit) {
        if (!Key.isPossible(functionId)) {
            return List.of();
        }
        QueryRequest query = QueryRequest.builder().tableName(table.name()).consistentRead(true)
                .scanIndexForward(false).limit(1_000).keyConditionExpression("#f = :f AND #at >= :from")
                .filterExpression("#v = :v AND attribute_exists(#p)").projectionExpression("#at, #p")
                .expressionAttributeNames(
                        Map.of("#f", FUNCTION, "#at", PLACE, "#v", ExecutionItems.VERSION, "#p", ExecutionItems.PEAK))
                .expressionAttributeValues(Map.of(":f", AttributeValue.fromS(functionId), ":from",
                        AttributeValue.fromS(Key.ordered(Item.micros(earliest(null)))), ":v",
                        AttributeValue.fromN(String.valueOf(version))))
                .build();
        return table.guarded(() -> {
            List<Peak> peaks = new ArrayList<>();
            int searched = 0;
            for (QueryResponse page : table.client().queryPaginator(query)) {
                page.items().stream().map(Item::new).map(ExecutionItems::peak).forEach(peaks::add);
                searched += page.scannedCount();
                if (peaks.size() >= limit || searched >= SEARCHED_FOR_PEAKS) {
                    break;
                }
            }
            return List.copyOf(peaks.subList(0, Math.min(limit, peaks.size())));
        });
    }

    /// Nothing to do.
    @Override
    public int deleteOlderThan(Instant cutoff) {
        return 0;
    }
}
