package io.nanogrid.gateway.aws.dynamo;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;

/// Who has which code: one item for each draft and each version, so that code that nobody has any more is known without reading everything.
final class CodeUses {

    static final String PREFIX = "H#";
    private static final String HASH = "usedHash";

    private CodeUses() {
    }

    static void ofDraft(Transaction transaction, String functionId, String hash) {
        put(transaction, hash, draft(functionId));
    }

    /// From `before` to `after`, which may be the same.
    static void ofDraft(Transaction transaction, String functionId, String before, String after) {
        if (!before.equals(after)) {
            transaction.delete(Key.codeUse(before, draft(functionId)));
            put(transaction, after, draft(functionId));
        }
    }

    static void endOfDraft(Transaction transaction, String functionId, String hash) {
        transaction.delete(Key.codeUse(hash, draft(functionId)));
    }

    static void ofVersion(Transaction transaction, String functionId, int number, String hash) {
        put(transaction, hash, version(functionId, number));
    }

    static void endOfVersion(Transaction transaction, String functionId, int number, String hash) {
        transaction.delete(Key.codeUse(hash, version(functionId, number)));
    }

    private static void put(Transaction transaction, String hash, String user) {
        transaction.put(Item.at(Key.codeUse(hash, user)).set(HASH, hash).build());
    }

    private static String draft(String functionId) {
        return functionId + "#D";
    }

    private static String version(String functionId, int number) {
        return functionId + "#" + number;
    }

    static Set<String> all(Table table) {
        return table.scanFor(HASH).stream().map(item -> item.text(HASH)).collect(Collectors.toSet());
    }

    static Set<String> among(Table table, Set<String> hashes) {
        Set<String> used = new HashSet<>(hashes);
        used.removeIf(hash -> table.last(PREFIX + hash, null, 1).isEmpty());
        return used;
    }
}
