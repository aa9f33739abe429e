package io.nanogrid.db.sqlite;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

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
                ON CONFLICT DO NOTHING""", key.name(), Scope.join(key.scopes()), key.hash(), key.sealedSecret(),
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
        return new KeyRecord(row.getString("name"), Scope.split(row.getString("scopes")), row.getBytes("hash"),
                row.getBytes("sealed_secret"), Sql.instant(row, "created_at"));
    }
}
