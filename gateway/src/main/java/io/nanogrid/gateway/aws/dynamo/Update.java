package io.nanogrid.gateway.aws.dynamo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/// A change of one item that needs nothing read before: one request, where a transaction takes two. Not safe for use by several threads at
/// once.
final class Update {

    private final UpdateItemRequest.Builder request;
    private final List<String> sets = new ArrayList<>();
    private final Map<String, String> names = new HashMap<>();
    private final Map<String, AttributeValue> values = new HashMap<>();
    /// By which the change is known again when its answer was lost and it is sent once more.
    private final AttributeValue token = AttributeValue.fromS(UUID.randomUUID().toString());

    /// @param item as it is now, or, where the condition didn't hold, as it is without the change; null where there is none
    record Result(boolean changed, @Nullable Item item) {
    }

    Update(Key key) {
        this.request = UpdateItemRequest.builder().key(key.attributes());
        count(Item.REVISION);
        set(new Item(Map.of(Table.TOKEN, token)));
    }

    /// Adds one to a number that the item has.
    Update count(String name) {
        names.put("#" + name, name);
        values.put(":one", AttributeValue.fromN("1"));
        sets.add("#" + name + " = #" + name + " + :one");
        return this;
    }

    /// Gives the item all of these attributes; the others stay.
    Update set(Item attributes) {
        attributes.attributes().forEach((name, value) -> {
            names.put("#" + name, name);
            values.put(":" + name, value);
            sets.add("#" + name + " = :" + name);
        });
        return this;
    }

    /// @param condition names attributes that change as `#name`, and operands as `:name`
    Update where(String condition, Map<String, AttributeValue> operands) {
        request.conditionExpression(condition);
        values.putAll(operands);
        return this;
    }

    /// @throws io.nanogrid.db.StorageException as the table's methods do
    Result in(Table table) {
        UpdateItemRequest made = request.tableName(table.name()).updateExpression("SET " + String.join(", ", sets))
                .expressionAttributeNames(names).expressionAttributeValues(values).returnValues(ReturnValue.ALL_NEW)
                .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD).build();
        return table.guarded(() -> {
            try {
                return new Result(true, new Item(table.client().updateItem(made).attributes()));
            } catch (ConditionalCheckFailedException e) {
                return e.hasItem() && !e.item().isEmpty()
                        ? new Result(token.equals(e.item().get(Table.TOKEN)), new Item(e.item()))
                        : new Result(false, null);
            }
        });
    }
}
