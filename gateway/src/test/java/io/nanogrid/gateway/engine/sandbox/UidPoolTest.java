package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.engine.EngineException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UidPoolTest {

    private static final SandboxConfig.UidRange RANGE = new SandboxConfig.UidRange(2000, 2002);

    @TempDir
    Path directory;

    private Path locks = Path.of("locks");
    private UidPool pool = new UidPool(RANGE, null);

    @BeforeEach
    void open() {
        locks = directory.resolve("run/uids");
        pool = new UidPool(RANGE, locks);
    }

    @AfterEach
    void close() {
        pool.close();
    }

    @Test
    void aReturnedUidIsTheLastToBeUsedAgain() throws Exception {
        OptionalInt first = pool.take();
        pool.release(first);
        assertThat(pool.take()).hasValue(2001);
        assertThat(pool.take()).hasValue(2002);
        assertThat(pool.take()).isEqualTo(first);
    }

    @Test
    void anExhaustedRangeSaysWhatToWiden() throws Exception {
        for (int i = 0; i < 3; i++) {
            pool.take();
        }
        assertThatThrownBy(pool::take).isInstanceOf(EngineException.class).hasMessageContaining("SANDBOX_UIDS");
    }

    @Test
    void withoutRootThereIsNothingToHandOut() throws Exception {
        assertThat(new UidPool(RANGE, null).take()).isEmpty();
    }

    @Test
    void aUidOfAnotherGatewaysInstanceIsNotTaken() throws Exception {
        Process other = new ProcessBuilder("python3", "-c", """
                import fcntl, sys
                file = open(sys.argv[1], 'r+b')
                fcntl.lockf(file, fcntl.LOCK_EX, 1, 2000)
                print('locked', flush=True)
                sys.stdin.read()
                """, locks.toString()).start();
        try {
            assertThat(other.inputReader().readLine()).isEqualTo("locked");
            assertThat(pool.take()).hasValue(2001);
            assertThat(pool.take()).hasValue(2002);
            assertThatThrownBy(pool::take).isInstanceOf(EngineException.class);
        } finally {
            other.destroyForcibly().waitFor();
        }
        assertThat(pool.take()).as("the uid of a gateway that has died").hasValue(2000);
    }

    @Test
    void twoEnginesOfOneProcessShareNoUid() throws Exception {
        try (UidPool other = new UidPool(RANGE, locks)) {
            assertThat(other.take()).hasValue(2000);
            assertThat(pool.take()).hasValue(2001);
        }
    }

    @Test
    void aPoolThatIsClosedLeavesTheOtherEnginesUidsLocked() throws Exception {
        assertThat(pool.take()).hasValue(2000);
        try (UidPool other = new UidPool(RANGE, locks)) {
            assertThat(other.take()).hasValue(2001);
        }

        assertThat(lockableElsewhere(2000)).isFalse();
        assertThat(lockableElsewhere(2001)).isTrue();
    }

    private boolean lockableElsewhere(int uid) throws Exception {
        Process other = new ProcessBuilder("python3", "-c", """
                import fcntl, sys
                file = open(sys.argv[1], 'r+b')
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int(sys.argv[2]))
                    print('locked')
                except BlockingIOError:
                    print('busy')
                """, locks.toString(), Integer.toString(uid)).start();
        String said = other.inputReader().readLine();
        assertThat(said).isIn("locked", "busy");
        return said.equals("locked");
    }

    @Test
    void nobodyElseCanLockUids() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(locks))).isEqualTo("rw-------");
    }
}
