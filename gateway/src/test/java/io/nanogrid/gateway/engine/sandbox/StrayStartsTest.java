package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.engine.RequiredEngines;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The real launcher and the real bubblewrap, whose caller is gone at the moment that matters.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class StrayStartsTest {

    @TempDir
    private Path directory;
    /// An argument of the command in the sandbox, by which its processes are known here.
    private final String mark = "mark-" + UUID.randomUUID();

    @BeforeEach
    void makeReady() throws IOException {
        if (Programs.find("bwrap") == null) {
            RequiredEngines.lacking("sandbox", "bubblewrap isn't installed");
        }
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    }

    @AfterEach
    void endWhatIsLeft() {
        marked().ifPresent(process -> {
            process.destroyForcibly();
            process.onExit().join();
        });
    }

    private Optional<ProcessHandle> marked() {
        return ProcessHandle.allProcesses().filter(process -> says(process, mark)).findAny();
    }

    private static boolean says(ProcessHandle process, String word) {
        try {
            return Files.readString(Path.of("/proc", String.valueOf(process.pid()), "cmdline")).contains(word);
        } catch (IOException e) {
            return false; // It has ended meanwhile.
        }
    }

    private HostFiles files(String run) {
        return new HostFiles(directory.resolve(run), List.of(), Path.of("/"));
    }

    /// Starts a sandbox whose caller doesn't hear which pid it has.
    private ProcessHandle strayStart(HostFiles files) throws Exception {
        Process process = new ProcessBuilder("/bin/sh", files.script().toString(), files.filter().toString(), "-", "0",
                "--", "bwrap", "--args", "0", "--info-fd", "3", "--seccomp", "9", "--", "true", mark).start();
        process.getInputStream().close();
        List<String> arguments = new BubblewrapCommand(null, files.etc(), 1 << 20, false).build("/tmp");
        try (OutputStream out = process.getOutputStream()) {
            out.write((String.join("\0", arguments) + "\0").getBytes(StandardCharsets.UTF_8));
        }
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return Awaitility.await().until(this::marked, Optional::isPresent).orElseThrow();
    }

    @Test
    void aSandboxWhoseGatewayDiedWhileItStartedIsEndedByTheNextLife() throws Exception {
        Path run = directory.resolve("run");
        ProcessHandle stray = strayStart(files("run"));

        try (SandboxEngine engine = new SandboxEngine(
                SandboxConfig.defaults("stray", directory.resolve("deps"), run))) {
            engine.reconcile();
        }

        assertThat(stray.isAlive()).isFalse();
    }

    @Test
    void aNextLifeWithTheOtherEngineEndsItToo() throws Exception {
        ProcessHandle stray = strayStart(files("run"));

        SandboxEngine.removeLeftovers(
                SandboxConfig.defaults("stray", directory.resolve("deps"), directory.resolve("run")));

        assertThat(stray.isAlive()).isFalse();
    }

    @Test
    void whatAnotherGatewayStartsIsLeftAlone() throws Exception {
        ProcessHandle others = strayStart(files("others"));

        StrayStarts.end(files("run").filter());

        assertThat(others.isAlive()).isTrue();
    }

    @Test
    void whatThisGatewayStartsAtThatMomentIsLeftAlone() throws Exception {
        HostFiles files = files("run");
        // It waits for a byte on its standard input before it begins.
        Process starting = new ProcessBuilder("/bin/sh", "-c",
                "exec 9< \"$0\"; exec bwrap --unshare-user --ro-bind / / --block-fd 0 -- true " + mark,
                files.filter().toString()).start();
        try {
            Awaitility.await().until(this::marked, Optional::isPresent);

            StrayStarts.end(files.filter());

            starting.getOutputStream().close();
            assertThat(starting.waitFor()).isZero();
        } finally {
            starting.destroyForcibly().waitFor();
        }
    }

    @Test
    void anotherProgramThatReadsTheFilterIsLeftAlone() throws Exception {
        HostFiles files = files("run");
        Process parent = new ProcessBuilder("/bin/sh", "-c",
                "exec 9< \"$0\"; setsid sleep 60 > /dev/null 2>&1 & echo $!", files.filter().toString()).start();
        ProcessHandle reader = ProcessHandle.of(Long.parseLong(parent.inputReader().readLine())).orElseThrow();
        try {
            Awaitility.await().until(() -> says(reader, "sleep"));

            StrayStarts.end(files.filter());

            assertThat(reader.isAlive()).isTrue();
        } finally {
            reader.destroyForcibly();
        }
    }
}
