package io.nanogrid.gateway.aws.dynamo;

import org.jspecify.annotations.Nullable;

/// Where functions are found by: their list, their names. Each is an item that is written in the same transaction as the function.
final class FunctionIndex {

    static final String LIST = "FL";
    static final String NAME = "N#";
    /// The callback that a function belongs to, where it belongs to one.
    static final String OWNER = "callback";
    private static final String FUNCTION = "function";

    private FunctionIndex() {
    }

    /// @param callbackId null for a function without a callback
    static void add(Transaction transaction, FunctionState function, @Nullable Long callbackId) {
        transaction.create(entry(Key.listedFunction(function.place()), function.id(), callbackId));
        transaction.put(entry(Key.namedFunction(function.name(), function.place()), function.id(), callbackId));
    }

    static void rename(Transaction transaction, FunctionState before, FunctionState after,
            @Nullable Long callbackId) {
        if (!before.name().equals(after.name())) {
            transaction.delete(Key.namedFunction(before.name(), before.place()));
            transaction.put(entry(Key.namedFunction(after.name(), after.place()), after.id(), callbackId));
        }
    }

    static void remove(Transaction transaction, FunctionState function) {
        transaction.delete(Key.listedFunction(function.place()));
        transaction.delete(Key.namedFunction(function.name(), function.place()));
    }

    private static Item entry(Key key, String functionId, @Nullable Long callbackId) {
        return Item.at(key).set(FUNCTION, functionId).set(OWNER, callbackId).build();
    }

    /// Where the function lies that an entry of the list or of a name stands for.
    static Key target(Item entry) {
        Long callback = entry.numberOrNull(OWNER);
        return callback == null ? Key.function(entry.text(FUNCTION)) : Key.callback(callback);
    }
}
