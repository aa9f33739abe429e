package io.nanogrid.gateway.aws.dynamo;

/// Counts the changes of what gateways hold in memory: routes, functions and keys. A gateway that has missed an announcement sees it here.
final class Changes {

    static final Key KEY = Key.counter("changes");
    static final String COUNT = "count";

    private Changes() {
    }

    static long count(Table table) {
        Item item = table.get(KEY);
        return item == null ? 0 : item.number(COUNT);
    }
}
