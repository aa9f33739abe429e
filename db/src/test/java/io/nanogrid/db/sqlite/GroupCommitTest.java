package io.nanogrid.db.sqlite;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.IntStream;

import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobState;
import io.nanogrid.db.StorageException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class GroupCommitTest {
    private static final int FULL = 2;
    private static final int NORMAL = 1;

    private SqliteDatabase database;
    private Path log;

    @BeforeEach
    void open(@TempDir Path dir) {
        database = SqliteDatabase.open(dir);
        log = dir.resolve("db/nanogrid.db-wal");
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void aJobIsAcceptedByACommitThatIsSynced() {
        database.lanes().write(connection -> {
            Sql.update(connection, "CREATE TEMP TABLE seen (level INTEGER)");
            return Sql.update(connection, """
                    CREATE TEMP TRIGGER see AFTER INSERT ON main.job_input BEGIN
                      INSERT INTO seen SELECT synchronous FROM pragma_synchronous;
                    END""");
        });

        put("a");

        List<Integer> levels = database.lanes()
                .write(connection -> Sql.list(connection, "SELECT level FROM seen", row -> row.getInt(1)));
        assertThat(levels).containsExactly(FULL);
    }

    @Test
    void otherCommitsAreNotSynced() {
        put("a");

        assertThat(level()).isEqualTo(NORMAL);
    }

    @Test
    void aCommitThatFailedLeavesTheNextOnesAsTheyWere() {
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> database.lanes().writeSynced(_ -> {
            throw new IllegalStateException("no");
        }));

        assertThat(level()).isEqualTo(NORMAL);
    }

    @Test
    void jobsThatArePutAtOnceShareOneSync() throws Exception {
        var release = new CountDownLatch(1);
        BusyWriter.hold(database.lanes(), release);
        int before = commits();
        List<FutureTask<Void>> puts = IntStream.range(0, 50).mapToObj(i -> waiting(() -> put("j" + i))).toList();

        release.countDown();
        for (FutureTask<Void> put : puts) {
            put.get(30, SECONDS);
        }

        assertThat(commits() - before).isOne();
        assertThat(database.jobs().counts()).containsEntry(JobState.PENDING, 50L);
    }

    @Test
    void whatFailsFailsAloneAndWithoutATrace() throws Exception {
        var release = new CountDownLatch(1);
        BusyWriter.hold(database.lanes(), release);
        FutureTask<Void> first = waiting(() -> put("first"));
        FutureTask<Void> refused = waiting(() -> database.lanes().writeSynced(connection -> {
            insertKey(connection, "half done");
            throw new IllegalStateException("changed its mind");
        }));
        FutureTask<Void> failed = waiting(() -> database.lanes().writeSynced(connection -> {
            insertKey(connection, "twice");
            return insertKey(connection, "twice");
        }));
        FutureTask<Void> last = waiting(() -> put("last"));

        release.countDown();

        first.get(30, SECONDS);
        last.get(30, SECONDS);
        assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> refused.get(30, SECONDS))
                .withCauseInstanceOf(IllegalStateException.class);
        assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> failed.get(30, SECONDS))
                .withCauseInstanceOf(StorageException.class);
        assertThat(database.keys().list()).isEmpty();
        assertThat(database.jobs().counts()).containsEntry(JobState.PENDING, 2L);
    }

    @Test
    void aFullDiskAcceptsNothingAndTheNextJobIsAcceptedOnceThereIsSpace() {
        limitPages(1);

        assertThatExceptionOfType(StorageException.class)
                .isThrownBy(() -> database.queue().put(job("a", new byte[1_000_000]), 9))
                .withMessageStartingWith("The disk that holds the database is full: free some space");
        assertThat(database.jobs().find("a")).isEmpty();

        limitPages(1_000_000);
        put("a");
        assertThat(database.jobs().find("a")).isPresent();
    }

    @Test
    void aClosedDatabaseAcceptsNothing() {
        database.close();

        assertThatExceptionOfType(StorageException.class).isThrownBy(() -> put("a"))
                .withMessage("The database is closed");
    }

    private void put(String id) {
        database.queue().put(job(id, new byte[1]), Integer.MAX_VALUE);
    }

    private static JobDraft job(String id, byte[] input) {
        return new JobDraft(id, "f", null, "r", input, false, null, null);
    }

    private static int insertKey(Connection connection, String name) throws SQLException {
        return Sql.update(connection, "INSERT INTO api_key VALUES (?, '', x'', NULL, 0)", name);
    }

    private int level() {
        return database.lanes().write(connection -> Sql
                .first(connection, "PRAGMA synchronous", row -> row.getInt(1)).orElseThrow());
    }

    private void limitPages(int pages) {
        database.lanes().write(connection -> Sql.list(connection, "PRAGMA max_page_count = " + pages,
                row -> row.getLong(1)));
    }

    /// How many commits the log holds: the last frame of each names the size that the database has afterwards.
    private int commits() throws IOException {
        ByteBuffer wal = ByteBuffer.wrap(Files.readAllBytes(log));
        int page = wal.getInt(8);
        int commits = 0;
        for (int frame = 32; frame + 24 + page <= wal.limit(); frame += 24 + page) {
            commits += wal.getInt(frame + 4) == 0 ? 0 : 1;
        }
        return commits;
    }

    /// Returns once the call waits.
    private static FutureTask<Void> waiting(Runnable call) {
        var task = new FutureTask<Void>(call, null);
        Thread caller = Thread.ofVirtual().start(task);
        await().until(() -> caller.getState() == Thread.State.WAITING);
        return task;
    }
}
