package io.nanogrid.db.sqlite;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import io.nanogrid.db.KeyRecord;
import io.nanogrid.db.KeyRepository;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.Scope;

/// Stateless: any thread may use it.
final class SqliteKeys implements KeyRepository {
    private final Lanes lanes;

    SqliteKeys(Lanes lanes) {
        this.lanes = lanes;
    }

    @Override
    public void create(KeyRecord key) {
        int inserted = lanes.write(connection -> Sql.update(connection, """
                INSERT INTO api_key (name, scopes, hash, sealed_secret, created_at) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING""", key.name(), text(key.scopes()), key.hash(), key.sealedSecret(),
                key.createdAt()));
        if (inserted == 0) {
            throw new RefusedException.DuplicateKey(key.name());
        }
    }

    @Override
    public List<KeyRecord> list() {
        return lanes.read(connection -> Sql.list(connection, "SELECT * FROM api_key ORDER BY created_at, rowid",
                SqliteKeys::map));
    }

    @Override
    public boolean delete(String name) {
        return lanes.write(connection -> Sql.update(connection, "DELETE FROM api_key WHERE name = ?", name)) > 0;
    }

    private static KeyRecord map(ResultSet row) throws SQLException {
        return new KeyRecord(row.getString("name"), scopes(row.getString("scopes")), row.getBytes("hash"),
                row.getBytes("sealed_secret"), Sql.instant(row, "created_at"));
    }

    private static String text(Set<Scope> scopes) {
        return scopes.stream().sorted().map(Scope::name).collect(Collectors.joining(","));
    }

    private static Set<Scope> scopes(String text) {
        var scopes = EnumSet.noneOf(Scope.class);
        Arrays.stream(text.split(",")).filter(name -> !name.isEmpty()).map(Scope::valueOf).forEach(scopes::add);
        return Collections.unmodifiableSet(scopes);
    }
}
