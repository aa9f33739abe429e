package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.KeyRecord;
import io.nanogrid.db.KeyRepository;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.Scope;
import java.util.Comparator;
import java.util.List;

/// Stateless: any thread may use it.
final class DynamoKeys implements KeyRepository {

    static final String PARTITION = "K";
    private static final String PLACE = "place";

    private final Table table;
    private final Clock clock;

    DynamoKeys(Table table, Clock clock) {
        this.table = table;
        this.clock = clock;
    }

    @Override
    public void create(KeyRecord key) {
        table.write(transaction -> {
            if (transaction.get(Key.apiKey(key.name())) != null) {
                throw new RefusedException.DuplicateKey(key.name());
            }
            transaction.create(Item.at(Key.apiKey(key.name())).set("name", key.name())
                    .set("scopes", Scope.join(key.scopes()))
                    .set("hash", key.hash()).set("sealedSecret", key.sealedSecret()).set("createdAt", key.createdAt())
                    .set(PLACE, Clock.nextPlace(clock.now())).build());
            transaction.announce();
            return key;
        });
    }

    @Override
    public List<KeyRecord> list() {
        return table.all(PARTITION).stream()
                .sorted(Comparator.<Item, Long>comparing(item -> item.number("createdAt"))
                        .thenComparing(item -> item.number(PLACE)))
                .map(DynamoKeys::record).toList();
    }

    @Override
    public boolean delete(String name) {
        return table.write(transaction -> {
            Item key = transaction.get(Key.apiKey(name));
            if (key == null) {
                return false;
            }
            transaction.delete(key);
            transaction.announce();
            return true;
        });
    }

    private static KeyRecord record(Item item) {
        byte[] hash = item.bytesOrNull("hash");
        return new KeyRecord(item.text("name"), Scope.split(item.text("scopes")), hash == null ? new byte[0] : hash,
                item.bytesOrNull("sealedSecret"), item.time("createdAt"));
    }
}
