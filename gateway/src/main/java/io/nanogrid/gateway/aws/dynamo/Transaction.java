package io.nanogrid.gateway.aws.dynamo;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// What one transaction reads and changes. Each item is written once at most. Not safe for use by several threads at once.
///
/// Whatever is replaced or deleted must still be as it was read, and what is created must not be there: otherwise nothing happens, and the
/// transaction is made again.
final class Transaction {

    private static final String AS_READ = "#rev = :rev";
    private static final Map<String, String> REVISION = Map.of("#rev", Item.REVISION);

    private final Table table;
    private final Map<Key, TransactWriteItem> items = new LinkedHashMap<>();
    private final Map<Key, Item> created = new HashMap<>();

    Transaction(Table table) {
        this.table = table;
    }

    /// What is stored, or what this transaction is about to create.
    @Nullable
    Item get(Key key) {
        Item own = created.get(key);
        return own == null ? table.get(key) : own;
    }

    Table table() {
        return table;
    }

    void create(Item item) {
        Map<String, AttributeValue> attributes = new HashMap<>(item.attributes());
        attributes.put(Item.REVISION, AttributeValue.fromN("1"));
        created.put(item.key(), item);
        add(item.key(), TransactWriteItem.builder().put(put -> put.tableName(table.name()).item(attributes)
                .conditionExpression("attribute_not_exists(pk)")).build());
    }

    /// @param before as it was read
    /// @param after has the same key
    void replace(Item before, Item after) {
        Map<String, AttributeValue> attributes = new HashMap<>(after.attributes());
        attributes.put(Item.REVISION, AttributeValue.fromN(Long.toString(before.revision() + 1)));
        add(before.key(), TransactWriteItem.builder().put(put -> put.tableName(table.name()).item(attributes)
                .conditionExpression(AS_READ).expressionAttributeNames(REVISION)
                .expressionAttributeValues(revision(before))).build());
    }

    void delete(Item before) {
        add(before.key(), TransactWriteItem.builder().delete(delete -> delete.tableName(table.name())
                .key(before.key().attributes()).conditionExpression(AS_READ).expressionAttributeNames(REVISION)
                .expressionAttributeValues(revision(before))).build());
    }

    /// Deletes what lies there, if anything does.
    void delete(Key key) {
        add(key, TransactWriteItem.builder()
                .delete(delete -> delete.tableName(table.name()).key(key.attributes())).build());
    }

    /// Stores the item, whatever lies there.
    void put(Item item) {
        add(item.key(), TransactWriteItem.builder().put(put -> put.tableName(table.name()).item(item.attributes()))
                .build());
    }

    /// Says that what gateways hold in memory has changed.
    void announce() {
        add(Changes.KEY, TransactWriteItem.builder().update(update -> update.tableName(table.name())
                .key(Changes.KEY.attributes()).updateExpression("ADD #n :one")
                .expressionAttributeNames(Map.of("#n", Changes.COUNT))
                .expressionAttributeValues(Map.of(":one", AttributeValue.fromN("1")))).build());
    }

    private static Map<String, AttributeValue> revision(Item item) {
        return Map.of(":rev", AttributeValue.fromN(Long.toString(item.revision())));
    }

    private void add(Key key, TransactWriteItem write) {
        if (items.put(key, write) != null) {
            throw new IllegalStateException(key + " is written twice in one transaction");
        }
    }

    /// Null where it does anything else than to store one item.
    @Nullable
    Put onlyPut() {
        return items.size() == 1 ? items.values().iterator().next().put() : null;
    }

    boolean isEmpty() {
        return items.isEmpty();
    }

    Collection<TransactWriteItem> items() {
        return List.copyOf(items.values());
    }
}
