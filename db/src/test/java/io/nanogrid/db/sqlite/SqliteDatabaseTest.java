package io.nanogrid.db.sqlite;

import static io.nanogrid.db.Drafts.draft;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.Drafts;
import io.nanogrid.db.LiveRoute;
import io.nanogrid.db.StorageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteDatabaseTest {

    @Test
    void nobodyElseMayReadItsFiles(@TempDir Path dir) throws IOException {
        try (var database = SqliteDatabase.open(dir)) {
            database.callbacks().create(draft("hello"));

            assertThat(mode(dir.resolve("db"))).isEqualTo("rwx------");
            assertThat(List.of("nanogrid.db", "nanogrid.db-wal", "nanogrid.db-shm"))
                    .allSatisfy(name -> assertThat(mode(dir.resolve("db").resolve(name))).isEqualTo("rw-------"));
        }
    }

    @Test
    void filesThatOthersCouldReadAreClosedToThem(@TempDir Path dir) throws IOException {
        SqliteDatabase.open(dir).close();
        Files.setPosixFilePermissions(dir.resolve("db/nanogrid.db"), PosixFilePermissions.fromString("rw-r--r--"));

        SqliteDatabase.open(dir).close();

        assertThat(mode(dir.resolve("db/nanogrid.db"))).isEqualTo("rw-------");
    }

    @Test
    void aClosedDatabaseIsOneFileWithoutALog(@TempDir Path dir) throws IOException {
        try (var database = SqliteDatabase.open(dir)) {
            database.callbacks().create(draft("hello"));
        }

        try (Stream<Path> files = Files.list(dir.resolve("db"))) {
            assertThat(files.map(Path::getFileName).map(Path::toString).filter(name -> name.startsWith("nanogrid")))
                    .containsExactly("nanogrid.db");
        }
    }

    @Test
    void aDirectoryWhoseNameMeansSomethingInAUrlIsOnlyADirectory(@TempDir Path dir) {
        Path odd = dir.resolve("a b?mode=memory&x#%41;ü");

        SqliteDatabase.open(odd).close();

        assertThat(odd.resolve("db/nanogrid.db")).isNotEmptyFile();
    }

    @Test
    void aMigrationThatWasChangedStopsTheStart(@TempDir Path dir) throws SQLException {
        SqliteDatabase.open(dir).close();
        execute(dir, "UPDATE migration SET checksum = 'another'");

        assertThatExceptionOfType(StorageException.class).isThrownBy(() -> SqliteDatabase.open(dir)).withMessage(
                "Migration V001__start.sql is not the one that made this database. Start the version of NanoGrid that made it, or restore a backup");
    }

    @Test
    void aDatabaseOfANewerVersionStopsTheStart(@TempDir Path dir) throws SQLException {
        SqliteDatabase.open(dir).close();
        execute(dir, "INSERT INTO migration VALUES (99, 'V099__later.sql', 'x', 0)");

        assertThatExceptionOfType(StorageException.class).isThrownBy(() -> SqliteDatabase.open(dir))
                .withMessageContaining("made by a newer version of NanoGrid");
    }

    @Test
    void aFileThatIsNoDatabaseStopsTheStartAndStaysAsItIs(@TempDir Path dir) throws IOException {
        Path file = Files.createDirectories(dir.resolve("db")).resolve("nanogrid.db");
        String text = "not a database, but long enough to be looked at as one".repeat(100);
        Files.writeString(file, text);

        assertThatExceptionOfType(StorageException.class).isThrownBy(() -> SqliteDatabase.open(dir))
                .withMessageStartingWith("The database file is damaged: restore it from a backup");

        assertThat(file).hasContent(text);
    }

    @Test
    void aDataDirectoryThatIsAFileStopsTheStart(@TempDir Path dir) throws IOException {
        Path file = Files.writeString(dir.resolve("data"), "");

        assertThatExceptionOfType(StorageException.class).isThrownBy(() -> SqliteDatabase.open(file))
                .withMessageStartingWith("The directory " + file + "/db can't be written");
    }

    @Test
    void aFullDiskSaysSoAndTheNextWriteWorksOnceThereIsSpace(@TempDir Path dir) {
        try (var database = SqliteDatabase.open(dir)) {
            limitPages(database, 1);
            String large = "x".repeat(1_000_000);

            assertThatExceptionOfType(StorageException.class)
                    .isThrownBy(() -> database.callbacks().create(draft("hello", large)))
                    .withMessageStartingWith("The disk that holds the database is full: free some space");

            limitPages(database, 1_000_000);
            assertThat(database.callbacks().create(draft("hello", large)).id()).isEqualTo(1001);
        }
    }

    @Test
    void aClosedDatabaseSaysSo(@TempDir Path dir) {
        var database = SqliteDatabase.open(dir);
        database.close();

        assertThatExceptionOfType(StorageException.class).isThrownBy(() -> database.callbacks().list())
                .withMessage("The database is closed");
        assertThat(database.healthy()).isFalse();
    }

    @Test
    void readersCannotWrite(@TempDir Path dir) {
        try (var database = SqliteDatabase.open(dir)) {
            assertThatExceptionOfType(StorageException.class).isThrownBy(
                    () -> database.lanes().read(connection -> Sql.update(connection, "DELETE FROM callback")));
        }
    }

    @Test
    void anotherProcessMayWriteBetweenTransactions(@TempDir Path dir) throws SQLException {
        try (var database = SqliteDatabase.open(dir)) {
            CallbackRecord callback = database.callbacks().create(draft("hello"));

            execute(dir, "UPDATE function SET name = 'renamed'");

            assertThat(database.callbacks().find(callback.id()).orElseThrow().function().name()).isEqualTo("renamed");
        }
    }

    @Test
    void tenThousandLiveRoutesAreReadWithinASecond(@TempDir Path dir) {
        try (var database = SqliteDatabase.open(dir)) {
            var callbacks = database.callbacks();
            callbacks.seed(Stream.iterate(0, i -> i < 10_000, i -> i + 1)
                    .map(i -> Drafts.running(draft("p" + i),
                            Drafts.definition("code" + i, Map.of("I", "" + i, "J", "j"))))
                    .toList());
            callbacks.list().forEach(
                    c -> callbacks.completeDeployment(c.id(), callbacks.beginVersion(c.id()).number(), "d" + c.id()));

            long start = System.nanoTime();
            List<LiveRoute> routes = callbacks.liveRoutes();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(1));

            assertThat(routes).hasSize(10_000);
            assertThat(routes).allSatisfy(route -> {
                long i = route.deployment().callbackId() - 1001;
                assertThat(route.deployment().endpoint().path()).isEqualTo("p" + i);
                assertThat(route.functionName()).isEqualTo("function p" + i);
                assertThat(route.version().definition().codeHash()).isEqualTo("code" + i);
                assertThat(route.version().definition().env()).isEqualTo(Map.of("I", "" + i, "J", "j"));
                assertThat(route.version().dependencyKey()).isEqualTo("d" + (i + 1001));
            });
        }
    }

    private static void limitPages(SqliteDatabase database, int pages) {
        database.lanes().write(connection -> Sql.list(connection, "PRAGMA max_page_count = " + pages,
                row -> row.getLong(1)));
    }

    private static void execute(Path dir, String sql) throws SQLException {
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("db/nanogrid.db"));
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
