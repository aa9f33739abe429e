package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/// Holds what is kept of calls with an idempotency key to a size. Whoever keeps the most gives way first, with its oldest, so that nobody's calls
/// can drive out those of others that keep less. Calls that run stay.
///
/// @param maxCalls how many calls are kept
/// @param maxAnswerBytes how long all the answers to them are
record KeptCalls(long maxCalls, long maxAnswerBytes) {
    /// An answer goes before its call is forgotten, so calls without one are the older.
    private static final List<String> OLDEST_FIRST = List.of("DROPPED", "FINISHED", "UNKNOWN");

    void forgetSome(Connection connection) throws SQLException {
        while (true) {
            Optional<String> caller = Sql.first(connection, """
                    SELECT caller FROM idempotency_usage
                    WHERE (SELECT sum(calls) FROM idempotency_usage) > ?
                    ORDER BY calls DESC LIMIT 1""", row -> row.getString(1), maxCalls);
            if (caller.isEmpty() || !forgetOldest(connection, caller.get())) {
                return;
            }
        }
    }

    private static boolean forgetOldest(Connection connection, String caller) throws SQLException {
        for (String state : OLDEST_FIRST) {
            if (Sql.update(connection, """
                    DELETE FROM idempotency WHERE rowid =
                      (SELECT rowid FROM idempotency WHERE caller = ? AND state = ? ORDER BY expires_at LIMIT 1)""",
                    caller, state) > 0) {
                return true;
            }
        }
        return false;
    }

    void dropSomeAnswers(Connection connection) throws SQLException {
        int dropped = 1;
        while (dropped > 0) {
            dropped = Sql.update(connection, """
                    UPDATE idempotency SET state = 'DROPPED', response = NULL WHERE rowid =
                      (SELECT rowid FROM idempotency WHERE state = 'FINISHED' AND caller =
                         (SELECT caller FROM idempotency_usage
                          WHERE (SELECT sum(answer_bytes) FROM idempotency_usage) > ?
                          ORDER BY answer_bytes DESC LIMIT 1)
                       ORDER BY expires_at LIMIT 1)""", maxAnswerBytes);
        }
    }
}
