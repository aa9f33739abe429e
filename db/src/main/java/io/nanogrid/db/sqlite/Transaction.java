package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/// Plain `BEGIN` and `COMMIT`, because the driver's own transactions begin the next one at once and so keep the write lock for ever.
final class Transaction {
    private Transaction() {
    }

    /// Rolls back when `work` throws.
    static <T> T run(Connection connection, Work<T> work) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            try {
                T result = work.run(connection);
                statement.execute("COMMIT");
                return result;
            } catch (SQLException | RuntimeException | Error e) {
                rollBack(statement, e);
                throw e;
            }
        }
    }

    /// SQLite has already rolled back by itself after some failures, such as a full disk, and then refuses to.
    private static void rollBack(Statement statement, Throwable cause) {
        try {
            statement.execute("ROLLBACK");
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }
}
