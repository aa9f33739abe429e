package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DataDirectoryTest {

    private static final String LOCK = """
            import fcntl, sys
            try:
                fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)
                print('locked')
            except BlockingIOError:
                print('busy')
            """;

    @TempDir
    Path directory;

    private DataDirectory open() throws IOException, DataDirectory.InUse {
        return DataDirectory.open(directory, Path.of("/tmp"));
    }

    private String lockElsewhere() throws IOException {
        return new ProcessBuilder("python3", "-c", LOCK, directory.resolve("lock").toString()).start().inputReader()
                .readLine();
    }

    @Test
    void aSecondHolderInTheSameProcessIsRefusedAndTheFirstOnesLockStays() throws Exception {
        try (DataDirectory _ = open()) {
            Path sameByAnotherName = Files.createSymbolicLink(directory.resolve("link"), directory);

            assertThatThrownBy(this::open).isInstanceOf(DataDirectory.InUse.class);
            assertThatThrownBy(() -> DataDirectory.open(sameByAnotherName, null))
                    .isInstanceOf(DataDirectory.InUse.class);
            assertThatThrownBy(() -> DataDirectory.reset(directory)).isInstanceOf(DataDirectory.InUse.class);

            assertThat(lockElsewhere()).isEqualTo("busy");
        }
    }

    @Test
    void aClosedDirectoryCanBeOpenedAgain() throws Exception {
        open().close();
        assertThat(lockElsewhere()).isEqualTo("locked");

        open().close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"code", "uploads", "outputs"})
    void whatFunctionsAreAndLeaveIsForTheGatewaysUserAlone(String name) throws Exception {
        try (DataDirectory _ = open()) {
            assertThat(Files.getPosixFilePermissions(directory.resolve(name)))
                    .isEqualTo(PosixFilePermissions.fromString("rwx------"));
        }
    }

    @Test
    void aDirectoryThatCouldNotBeOpenedIsFree() throws Exception {
        Path tooLong = Path.of("/tmp", "x".repeat(80));
        assertThatThrownBy(() -> DataDirectory.open(directory, tooLong)).hasMessageContaining("RUN_DIR");

        open().close();
    }
}
