package io.nanogrid.db.sqlite;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import io.nanogrid.db.StorageException;
import io.nanogrid.db.sqlite.GroupCommit.Piece;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/// All SQLite work happens here, on one platform thread that writes and two that read.
///
/// A native call holds the carrier of a virtual thread, so a few waiting writers would stall every request of the gateway. Callers, of any
/// kind of thread, wait for a future instead; an interrupt doesn't end that wait, because the outcome of the write would be unknown.
final class Lanes implements AutoCloseable {
    private static final int READERS = 2;
    private static final int BUSY_TIMEOUT_MILLIS = 5_000;

    private final HikariDataSource writeConnections;
    private final HikariDataSource readConnections;
    private final GroupCommit synced = new GroupCommit();
    private final ExecutorService writer = threads("db-writer", 1);
    private final ExecutorService readers = threads("db-reader-", READERS);

    private Lanes(HikariDataSource writeConnections, HikariDataSource readConnections) {
        this.writeConnections = writeConnections;
        this.readConnections = readConnections;
    }

    static Lanes open(Path file) {
        HikariDataSource writeConnections = pool(file, "writer", 1, "PRAGMA query_only = 0");
        try {
            return new Lanes(writeConnections, pool(file, "readers", READERS, "PRAGMA query_only = 1"));
        } catch (RuntimeException e) {
            writeConnections.close();
            throw e;
        }
    }

    /// Without a transaction: one statement sees one state of the database, two may see two.
    <T> T read(Work<T> work) {
        return await(readers, () -> withConnection(readConnections, work));
    }

    /// In a transaction that is rolled back when `work` throws.
    <T> T write(Work<T> work) {
        return await(writer, () -> withConnection(writeConnections, connection -> Transaction.run(connection, work)));
    }

    /// Repeats `work`, each time in a transaction of its own so that other writers get their turn, until it has nothing left to do.
    ///
    /// @return the sum of what it returned
    int writeUntilZero(Work<Integer> work) {
        int total = 0;
        for (int done = write(work); done > 0; done = write(work)) {
            total += done;
        }
        return total;
    }

    /// As {@link #write}, and what it did survives a loss of power. Others that wait for the same share its transaction.
    <T> T writeSynced(Work<T> work) {
        Piece<T> piece = synced.add(work);
        try {
            writer.execute(this::commitSynced);
        } catch (RejectedExecutionException e) {
            if (synced.remove(piece)) {
                throw new StorageException("The database is closed", e);
            }
        }
        return join(piece.future());
    }

    private void commitSynced() {
        List<Piece<?>> batch = synced.take();
        if (batch.isEmpty()) {
            return;
        }
        try {
            withConnection(writeConnections, connection -> {
                GroupCommit.commit(connection, batch);
                return batch;
            });
        } catch (RuntimeException | Error e) {
            batch.forEach(piece -> piece.future().completeExceptionally(e));
        }
    }

    boolean respondWithin(Duration timeout) {
        Work<Boolean> probe = connection -> Sql.exists(connection, "SELECT 1");
        try {
            var write = CompletableFuture.supplyAsync(
                    () -> withConnection(writeConnections, connection -> Transaction.run(connection, probe)), writer);
            var read = CompletableFuture.supplyAsync(() -> withConnection(readConnections, probe), readers);
            var both = write.thenCombine(read, Boolean::logicalAnd);
            try {
                return both.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            } finally {
                // What has not begun yet must not pile up behind a thread that is stuck.
                write.cancel(false);
                read.cancel(false);
            }
        } catch (RejectedExecutionException | ExecutionException | TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void close() {
        writer.close();
        readers.close();
        readConnections.close();
        writeConnections.close();
    }

    private static <T> T await(ExecutorService executor, Supplier<T> work) {
        try {
            return join(CompletableFuture.supplyAsync(work, executor));
        } catch (RejectedExecutionException e) {
            throw new StorageException("The database is closed", e);
        }
    }

    private static <T> T join(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw e;
        }
    }

    private static <T> T withConnection(HikariDataSource connections, Work<T> work) {
        try (Connection connection = connections.getConnection()) {
            return work.run(connection);
        } catch (SQLException e) {
            throw Failures.describe(e);
        }
    }

    private static HikariDataSource pool(Path file, String name, int size, String initSql) {
        var sqlite = new SQLiteConfig();
        sqlite.setJournalMode(SQLiteConfig.JournalMode.WAL);
        sqlite.setSynchronous(SQLiteConfig.SynchronousMode.NORMAL);
        sqlite.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
        sqlite.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
        sqlite.enforceForeignKeys(true);
        var source = new SQLiteDataSource(sqlite);
        source.setUrl("jdbc:sqlite:" + file.toUri());
        var config = new HikariConfig();
        config.setPoolName("db-" + name);
        config.setDataSource(source);
        config.setMaximumPoolSize(size);
        config.setConnectionInitSql(initSql);
        config.setMaxLifetime(0);
        config.setKeepaliveTime(0);
        try {
            return new HikariDataSource(config);
        } catch (HikariPool.PoolInitializationException e) {
            throw e.getCause() instanceof SQLException cause
                    ? Failures.describe(cause)
                    : new StorageException("The database " + file + " can't be opened: " + e.getMessage(), e);
        }
    }

    private static ExecutorService threads(String name, int count) {
        return Executors.newFixedThreadPool(count, Thread.ofPlatform().name(name, 0).daemon().factory());
    }
}
