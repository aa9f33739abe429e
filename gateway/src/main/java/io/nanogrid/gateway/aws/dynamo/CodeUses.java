package io.nanogrid.gateway.aws.dynamo;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Who has which code, and which libraries: one item for each draft and each version, in partitions of their own, so that it is known without
/// reading everything.
final class CodeUses {

    static final String CODE = "H";
    static final String LIBRARIES = "D";
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
        return hashes(table, CODE);
    }

    static Set<String> among(Table table, Set<String> hashes) {
        Set<String> used = new HashSet<>(hashes);
        used.removeIf(hash -> table.all(CODE, hash + "#").isEmpty());
        return used;
    }

    static void ofLibraries(Transaction transaction, String functionId, int number, @Nullable String dependencyKey) {
        if (dependencyKey != null) {
            transaction.put(Item.at(Key.librariesUse(dependencyKey, version(functionId, number)))
                    .set(HASH, dependencyKey).build());
        }
    }

    static void endOfLibraries(Transaction transaction, String functionId, int number,
            @Nullable String dependencyKey) {
        if (dependencyKey != null) {
            transaction.delete(Key.librariesUse(dependencyKey, version(functionId, number)));
        }
    }

    static Set<String> libraries(Table table) {
        return hashes(table, LIBRARIES);
    }

    private static Set<String> hashes(Table table, String partition) {
        return table.all(partition).stream().map(item -> item.text(HASH)).collect(Collectors.toSet());
    }
}
