package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.StorageException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.TransactionConflictException;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// One table. All reads are consistent. Safe for use by many threads; each method waits for DynamoDB, as long as the client's own bounds let it.
///
/// All methods throw [StorageException] where DynamoDB can't be reached, is throttling, or refuses.
final class Table {

    /// For how long a transaction is begun anew since others changed what it had read: many that begin at once take turns in it.
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    /// How often what DynamoDB leaves undone of a request is asked for.
    private static final int MOST_ATTEMPTS = 30;
    private static final int LONGEST_PAUSE_MILLIS = 100;
    /// From so many attempts on it is rather DynamoDB that is short of something than the others who are quicker, and each attempt is paid for.
    private static final int MANY_ATTEMPTS = 20;
    private static final int LONGEST_PAUSE_OF_MANY_MILLIS = 1_000;
    /// DynamoDB's own bound.
    private static final int BATCH = 100;
    private static final int WRITTEN_AT_ONCE = 25;
    private static final int WRITERS = 8;
    /// Says which write an item is from.
    static final String TOKEN = "token";
    /// What a transaction may be cancelled for and then be made again from what is stored now. Its throttling is not the SDK's to try again.
    private static final Set<String> PASSING = Set.of("None", "ConditionalCheckFailed", "TransactionConflict",
            "ThrottlingError", "ProvisionedThroughputExceeded");

    private final DynamoDbClient client;
    private final String name;

    Table(DynamoDbClient client, String name) {
        this.client = client;
        this.name = name;
    }

    DynamoDbClient client() {
        return client;
    }

    String name() {
        return name;
    }

    @Nullable
    Item get(Key key) {
        return !key.isPossible() ? null : guarded(() -> {
            Map<String, AttributeValue> found = client
                    .getItem(request -> request.tableName(name).key(key.attributes()).consistentRead(true)).item();
            return found == null || found.isEmpty() ? null : new Item(found);
        });
    }

    /// Reads in vain.
    ///
    /// @throws StorageException where there is no answer in time too
    void look(Key key, Duration patience) {
        guarded(() -> client.getItem(request -> request.tableName(name).key(key.attributes())
                .overrideConfiguration(call -> call.apiCallTimeout(patience))));
    }

    /// Those that are there, in the order of their keys.
    List<Item> get(List<Key> keys) {
        Map<Key, Item> found = new HashMap<>();
        for (List<Key> batch : inBatches(keys.stream().filter(Key::isPossible).distinct().toList(), BATCH)) {
            guarded(() -> {
                collect(batch, found);
                return found;
            });
        }
        return keys.stream().map(found::get).filter(Objects::nonNull).toList();
    }

    private void collect(List<Key> keys, Map<Key, Item> found) {
        KeysAndAttributes wanted = KeysAndAttributes.builder().consistentRead(true)
                .keys(keys.stream().map(Key::attributes).toList()).build();
        untilNoneIsLeft(Map.of(name, wanted), "DynamoDB answers no more reads for now", asked -> {
            BatchGetItemResponse answer = client.batchGetItem(request -> request.requestItems(asked));
            for (Map<String, AttributeValue> attributes : answer.responses().getOrDefault(name, List.of())) {
                Item item = new Item(attributes);
                found.put(item.key(), item);
            }
            return answer.unprocessedKeys();
        });
    }

    /// @param request makes one, and gives what DynamoDB has left undone of it
    private static <T> void untilNoneIsLeft(Map<String, T> all, String refusal, UnaryOperator<Map<String, T>> request) {
        Map<String, T> left = request.apply(all);
        for (int attempt = 2; !left.isEmpty(); attempt++) {
            if (attempt > MOST_ATTEMPTS) {
                throw new StorageException(refusal);
            }
            pause(attempt);
            left = request.apply(left);
        }
    }

    /// All of a partition, by place.
    List<Item> all(String partition) {
        return all(partition, "");
    }

    /// All of a partition whose place begins so, by place.
    List<Item> all(String partition, String prefix) {
        if (!Key.isPossible(partition)) {
            return List.of();
        }
        QueryRequest.Builder request = query(partition);
        if (!prefix.isEmpty()) {
            request.keyConditionExpression("pk = :pk AND begins_with(sk, :sk)").expressionAttributeValues(
                    Map.of(":pk", AttributeValue.fromS(partition), ":sk", AttributeValue.fromS(prefix)));
        }
        return guarded(
                () -> client.queryPaginator(request.build()).items().stream().map(Item::new).toList());
    }

    /// The last ones of a partition whose place is before `before`, last first.
    ///
    /// @param before null for the end
    List<Item> last(String partition, @Nullable String before, int limit) {
        QueryRequest.Builder request = query(partition).scanIndexForward(false).limit(limit);
        if (before != null) {
            request.keyConditionExpression("pk = :pk AND sk < :sk").expressionAttributeValues(
                    Map.of(":pk", AttributeValue.fromS(partition), ":sk", AttributeValue.fromS(before)));
        }
        return guarded(() -> client.queryPaginator(request.build()).items().stream().limit(limit).map(Item::new)
                .toList());
    }

    private QueryRequest.Builder query(String partition) {
        return QueryRequest.builder().tableName(name).consistentRead(true).keyConditionExpression("pk = :pk")
                .expressionAttributeValues(Map.of(":pk", AttributeValue.fromS(partition)));
    }

    private void write(List<WriteRequest> writes) {
        guarded(() -> {
            untilNoneIsLeft(Map.of(name, writes), "DynamoDB takes no more writes for now",
                    asked -> client.batchWriteItem(request -> request.requestItems(asked)).unprocessedItems());
            return name;
        });
    }

    /// Deletes what lies there, one by one.
    void deleteAll(List<Key> keys) {
        List<WriteRequest> deletes = keys.stream()
                .map(key -> WriteRequest.builder().deleteRequest(delete -> delete.key(key.attributes())).build())
                .toList();
        inBatches(deletes, WRITTEN_AT_ONCE).forEach(this::write);
    }

    /// Stores the items one by one, whatever lies in their places, several requests at a time.
    void putAll(List<Item> items) {
        List<List<WriteRequest>> batches = inBatches(items.stream()
                .map(item -> WriteRequest.builder().putRequest(put -> put.item(item.attributes())).build()).toList(),
                WRITTEN_AT_ONCE);
        if (batches.size() == 1) {
            write(batches.getFirst());
            return;
        }
        try (ExecutorService writers = Executors.newFixedThreadPool(Math.min(WRITERS, Math.max(1, batches.size())),
                Thread.ofVirtual().factory())) {
            for (Future<?> written : writers.invokeAll(batches.stream()
                    .map(batch -> Executors.callable(() -> write(batch))).toList())) {
                written.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StorageException("interrupted while items were stored", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof StorageException failed
                    ? failed
                    : new IllegalStateException("items can't be stored", e.getCause());
        }
    }

    /// Makes what `body` asks for happen as a whole, or not at all. `body` reads what it depends on and says what changes; it is run again where
    /// somebody else has changed what it was going to change, and must therefore do nothing else.
    <T> T write(Function<Transaction, T> body) {
        long begun = System.nanoTime();
        for (int attempt = 1;; attempt++) {
            Transaction transaction = new Transaction(this);
            T result = body.apply(transaction);
            if (committed(transaction)) {
                return result;
            }
            if (System.nanoTime() - begun > PATIENCE.toNanos()) {
                throw new StorageException("DynamoDB: too many others change the same thing at once; try again");
            }
            pause(attempt);
        }
    }

    private boolean committed(Transaction transaction) {
        if (transaction.isEmpty()) {
            return true;
        }
        Put alone = transaction.onlyPut();
        return alone == null ? committed(transaction.items()) : stored(alone);
    }

    /// Stores the item where there is none.
    ///
    /// @return false where there is one; then nothing has changed
    boolean create(Item item) {
        Transaction alone = new Transaction(this);
        alone.create(item);
        return committed(alone);
    }

    /// Costs half of what a transaction does. It hasn't the token by which a transaction is known again when its answer was lost and it is sent
    /// once more: its item has one instead.
    private boolean stored(Put put) {
        AttributeValue token = AttributeValue.fromS(UUID.randomUUID().toString());
        Map<String, AttributeValue> item = new HashMap<>(put.item());
        item.put(TOKEN, token);
        return guarded(() -> {
            try {
                client.putItem(request -> request.tableName(name).item(item)
                        .conditionExpression(put.conditionExpression())
                        .expressionAttributeNames(put.hasExpressionAttributeNames()
                                ? put.expressionAttributeNames()
                                : null)
                        .expressionAttributeValues(put.hasExpressionAttributeValues()
                                ? put.expressionAttributeValues()
                                : null)
                        .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD));
                return true;
            } catch (ConditionalCheckFailedException e) {
                return e.hasItem() && token.equals(e.item().get(TOKEN));
            } catch (TransactionConflictException e) {
                return false;
            }
        });
    }

    private boolean committed(Collection<TransactWriteItem> items) {
        return guarded(() -> {
            try {
                client.transactWriteItems(request -> request.transactItems(items));
                return true;
            } catch (TransactionCanceledException e) {
                if (isPassing(e)) {
                    return false;
                }
                throw e;
            }
        });
    }

    private static boolean isPassing(TransactionCanceledException e) {
        return e.hasCancellationReasons() && e.cancellationReasons().stream().map(CancellationReason::code)
                .allMatch(code -> code == null || PASSING.contains(code));
    }

    private static void pause(int attempt) {
        try {
            int most = attempt < MANY_ATTEMPTS
                    ? Math.min(LONGEST_PAUSE_MILLIS, 5 << Math.min(attempt, 10))
                    : LONGEST_PAUSE_OF_MANY_MILLIS;
            TimeUnit.MILLISECONDS.sleep(ThreadLocalRandom.current().nextInt(1, most + 1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StorageException("interrupted while others changed the same thing", e);
        }
    }

    /// For what isn't read or written through this class's own methods.
    <T> T guarded(Supplier<T> call) {
        try {
            return call.get();
        } catch (SdkException e) {
            throw new StorageException("DynamoDB: " + e.getMessage(), e);
        }
    }

    /// Numbers of items as DynamoDB takes them in one request.
    static <T> List<List<T>> inBatches(List<T> all, int size) {
        List<List<T>> batches = new ArrayList<>();
        for (int from = 0; from < all.size(); from += size) {
            batches.add(all.subList(from, Math.min(all.size(), from + size)));
        }
        return batches;
    }
}
