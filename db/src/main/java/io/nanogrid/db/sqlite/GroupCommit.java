package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Work that must be on the disk before it is reported done. A sync takes long, so all that waits for one shares it, in one transaction; each
/// piece has a savepoint of its own and fails alone. Any thread may add, one at a time may commit.
final class GroupCommit {
    private final Queue<Piece<?>> waiting = new ConcurrentLinkedQueue<>();

    /// The future ends once a later {@link #commit} has.
    <T> Piece<T> add(Work<T> work) {
        var piece = new Piece<T>(work);
        waiting.add(piece);
        return piece;
    }

    /// @return false where a commit has taken it already
    boolean remove(Piece<?> piece) {
        return waiting.remove(piece);
    }

    List<Piece<?>> take() {
        var batch = new ArrayList<Piece<?>>();
        for (Piece<?> piece = waiting.poll(); piece != null; piece = waiting.poll()) {
            batch.add(piece);
        }
        return batch;
    }

    /// The level can't be changed within a transaction.
    static void commit(Connection connection, List<Piece<?>> batch) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA synchronous = FULL");
            try {
                Transaction.run(connection, _ -> {
                    for (Piece<?> piece : batch) {
                        piece.run(connection, statement);
                    }
                    return batch;
                });
                batch.forEach(Piece::report);
            } finally {
                statement.execute("PRAGMA synchronous = NORMAL");
            }
        }
    }

    static final class Piece<T> {
        private final Work<T> work;
        private final CompletableFuture<T> future = new CompletableFuture<>();
        private Runnable report = () -> {
        };

        private Piece(Work<T> work) {
            this.work = work;
        }

        CompletableFuture<T> future() {
            return future;
        }

        private void run(Connection connection, Statement statement) throws SQLException {
            statement.execute("SAVEPOINT piece");
            try {
                T result = work.run(connection);
                report = () -> future.complete(result);
            } catch (SQLException e) {
                undo(statement, e);
                report = () -> future.completeExceptionally(Failures.describe(e));
            } catch (RuntimeException e) {
                undo(statement, e);
                report = () -> future.completeExceptionally(e);
            }
            statement.execute("RELEASE piece");
        }

        /// Fails where SQLite has rolled the whole transaction back by itself, as after some failures.
        private static void undo(Statement statement, Exception cause) throws SQLException {
            try {
                statement.execute("ROLLBACK TO piece");
            } catch (SQLException e) {
                cause.addSuppressed(e);
                throw cause instanceof SQLException failure ? failure : e;
            }
        }

        private void report() {
            report.run();
        }
    }
}
