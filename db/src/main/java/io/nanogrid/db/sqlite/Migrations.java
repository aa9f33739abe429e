package io.nanogrid.db.sqlite;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;

import io.nanogrid.db.Database;
import io.nanogrid.db.StorageException;

/// The steps that lead from an empty file to today's tables. A step that has been released is never changed again: add another one.
final class Migrations {
    private static final List<String> SCRIPTS = List.of("V001__start.sql");

    private Migrations() {
    }

    /// Runs what is missing, within the caller's transaction.
    ///
    /// @return how many steps that were
    static int apply(Connection connection, InstantSource clock) throws SQLException {
        Sql.update(connection, "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, script TEXT NOT NULL,"
                + " checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT");
        List<String> applied = Sql.list(connection, "SELECT checksum FROM migration ORDER BY number",
                row -> row.getString(1));
        if (applied.size() > SCRIPTS.size()) {
            throw new StorageException(
                    "The database was made by a newer version of NanoGrid: it has %d migrations, and this version knows %d. Start the newer version, or restore a backup"
                            .formatted(applied.size(), SCRIPTS.size()));
        }
        for (int i = 0; i < SCRIPTS.size(); i++) {
            String script = SCRIPTS.get(i);
            byte[] content = read(script);
            String checksum = sha256(content);
            if (i >= applied.size()) {
                run(connection, new String(content, StandardCharsets.UTF_8));
                Sql.update(connection, "INSERT INTO migration VALUES (?, ?, ?, ?)", i + 1, script, checksum,
                        clock.instant());
            } else if (!applied.get(i).equals(checksum)) {
                throw new StorageException(
                        "Migration %s is not the one that made this database. Start the version of NanoGrid that made it, or restore a backup"
                                .formatted(script));
            }
        }
        return SCRIPTS.size() - applied.size();
    }

    /// The driver hands an update to SQLite as it is, however many statements it has.
    private static void run(Connection connection, String script) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate(script);
        }
    }

    private static byte[] read(String script) {
        try (InputStream in = Database.class.getResourceAsStream("migrations/" + script)) {
            if (in == null) {
                throw new IllegalStateException("The jar lacks migration " + script);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
