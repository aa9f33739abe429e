package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.gateway.aws.Resources;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Where an item lies: its partition, and its place in it.
record Key(String partition, String sort) {

    static final String PARTITION = Resources.PK;
    static final String SORT = Resources.SK;

    /// DynamoDB's own bounds, in bytes of UTF-8.
    private static final int LONGEST_PARTITION = 2_048;
    private static final int LONGEST_SORT = 1_024;

    Key {
        partition = Item.wellFormed(partition);
        sort = Item.wellFormed(sort);
    }

    /// Whether anything may lie here: of what a stranger asks for by too long a name, or by none, there is nothing.
    boolean isPossible() {
        return isPossible(partition) && !sort.isEmpty()
                && sort.getBytes(StandardCharsets.UTF_8).length <= LONGEST_SORT;
    }

    static boolean isPossible(String partition) {
        return !partition.isEmpty() && partition.getBytes(StandardCharsets.UTF_8).length <= LONGEST_PARTITION;
    }

    static Key function(String id) {
        return new Key(functionPartition(id), "F");
    }

    static Key version(String functionId, int number) {
        return new Key(functionPartition(functionId), Versions.PREFIX + ordered(number));
    }

    static String functionPartition(String id) {
        return "F#" + id;
    }

    /// @param place grows from function to function
    static Key listedFunction(long place) {
        return new Key(FunctionIndex.LIST, ordered(place));
    }

    static Key namedFunction(String name, long place) {
        return new Key(FunctionIndex.NAME + name, ordered(place));
    }

    static Key callback(long id) {
        return new Key(CallbackState.PARTITION, ordered(id));
    }

    static Key route(String routeKey, String method) {
        return new Key("R#" + method + " " + routeKey, "R");
    }

    /// @param user what has the code: a function's draft, or one of its versions
    static Key codeUse(String hash, String user) {
        return new Key(CodeUses.CODE, hash + "#" + user);
    }

    /// @param user the version that has the libraries
    static Key librariesUse(String dependencyKey, String user) {
        return new Key(CodeUses.LIBRARIES, dependencyKey + "#" + user);
    }

    static Key chatRoom(String chatId) {
        return new Key(ChatRooms.PARTITION, chatId);
    }

    static Key apiKey(String name) {
        return new Key(DynamoKeys.PARTITION, name);
    }

    static Key idempotency(String name) {
        return new Key("I#" + name, "I");
    }

    /// A call with an idempotency key that a gateway is making.
    static Key runningCall(String gateway, String name) {
        return new Key(runningCalls(gateway), name);
    }

    static String runningCalls(String gateway) {
        return "IR#" + gateway;
    }

    /// When a gateway last said that it lives.
    static Key signOfLife(String gateway) {
        return new Key("G#" + gateway, "G");
    }

    static Key job(String id) {
        return new Key("J#" + id, "J");
    }

    static Key counter(String name) {
        return new Key("META", name);
    }

    /// Sorts as the number does.
    ///
    /// @param number not negative
    static String ordered(long number) {
        return String.format(Locale.ROOT, "%020d", number);
    }

    Map<String, AttributeValue> attributes() {
        return Map.of(PARTITION, AttributeValue.fromS(partition), SORT, AttributeValue.fromS(sort));
    }
}
