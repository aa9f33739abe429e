package io.nanogrid.gateway;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/// The database of a gateway that runs, changed behind its back.
///
/// @param data the gateway's data directory
record GatewaysDatabase(Path data) {

    @FunctionalInterface
    interface Step {
        void run() throws Exception;
    }

    Connection open() throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + data.resolve("db/nanogrid.db"));
    }

    void execute(String statement) throws SQLException {
        try (var connection = open(); var sql = connection.createStatement()) {
            sql.execute("PRAGMA busy_timeout = 5000");
            sql.execute(statement);
        }
    }

    /// Makes every write of a kind fail, as a full disk does.
    void refusing(String write, Step meanwhile) throws Exception {
        execute("CREATE TRIGGER refusing BEFORE " + write + " BEGIN SELECT RAISE(ABORT, 'no space'); END");
        try {
            meanwhile.run();
        } finally {
            execute("DROP TRIGGER refusing");
        }
    }
}
