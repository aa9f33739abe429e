package io.nanogrid.gateway.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// What every engine promises. A subclass names the engine and how to make one.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 2, unit = TimeUnit.MINUTES)
public abstract class EngineContract implements EngineReachContract, EngineInstallContract {

    static final int MEMORY_MB = 128;
    private static final String GATEWAY = "contract-" + ProcessHandle.current().pid();

    private Path work;
    private Engine engine;

    protected abstract EngineFactory factory();

    @Override
    public final Engine engine() {
        return engine;
    }

    @Override
    public final Path work() {
        return work;
    }

    @BeforeAll
    void makeEngine() throws Exception {
        work = makeWork();
        engine = factory().create(GATEWAY, work);
        RequiredEngines.check(engine);
        engine.reconcile();
        engine.prepare(Probe.python(null), line -> {
        });
    }

    @AfterAll
    void closeEngine() throws IOException {
        engine.close();
        remove(work);
    }

    /// A directory with a short path, which other users can pass through.
    protected static Path makeWork() throws IOException {
        return Files.setPosixFilePermissions(Files.createTempDirectory("ng"),
                PosixFilePermissions.fromString("rwx--x--x"));
    }

    protected static void remove(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    @Override
    public final Probe start() throws Exception {
        return Probe.start(engine, work, MEMORY_MB);
    }

    @Test
    void anInstanceConnectsToItsSocketAndAnswers() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.run("answer = 6 * 7")).isEqualTo("42");
        }
    }

    @Test
    void theVersionThatTheEngineTellsIsTheOneThatInstancesHave() throws Exception {
        try (Probe probe = start()) {
            String inside = probe.run("import platform; answer = platform.python_version()");
            assertThat(engine.version(Probe.python(null))).contains(new InterpreterVersion(inside));
        }
    }

    @Test
    void theVersionOfARuntimeThatHasNotBeenPreparedIsUnknown() throws Exception {
        Path elsewhere = makeWork();
        try (Engine other = factory().create(GATEWAY + "-unprepared", elsewhere)) {
            assertThat(other.version(Probe.python(null))).isEmpty();
        } finally {
            remove(elsewhere);
        }
    }

    @Test
    void whatItAndItsChildrenPrintArrivesOnThePipes() throws Exception {
        try (Probe probe = start()) {
            probe.run("import os; os.write(1, b'mine '); os.system('echo child; echo wrong >&2')");
            probe.instance().destroy();
            assertThat(probe.out()).isEqualTo("mine child\n");
            assertThat(probe.err()).isEqualTo("wrong\n");
        }
    }

    @Test
    void theExitStatusOfACrashIsReported() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.runToEnd("import os; os._exit(42)")).isEqualTo(new EngineInstance.Exit(42, false));
        }
    }

    @Test
    void aSignalIsReportedAs128AndItsNumber() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.runToEnd("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)").code()).isEqualTo(139);
        }
    }

    @Test
    void destroyKillsProcessesThatLeftTheirSession() throws Exception {
        try (Probe probe = start()) {
            probe.run(DAEMON);
            probe.instance().destroy();
            assertThat(probe.out()).isEmpty();
        }
    }

    @Test
    void theEndOfTheMainProcessIsTheEndOfItsDaemons() throws Exception {
        try (Probe probe = start()) {
            probe.run(DAEMON);
            probe.runToEnd("import os; os._exit(3)");
            assertThat(probe.out()).isEmpty();
        }
    }

    @Test
    void destroyTwiceIsDestroyOnce() throws Exception {
        try (Probe probe = start()) {
            probe.instance().destroy();
            probe.instance().destroy();
            assertThat(probe.instance().onExit()).isCompletedWithValue(new EngineInstance.Exit(137, false));
        }
    }

    @Test
    void aProcessThatLostItsParentIsAnOrphan() throws Exception {
        try (Probe probe = start()) {
            probe.run("import subprocess; child = subprocess.Popen(['sleep', '100'])");
            assertThat(probe.instance().hasOrphans()).isFalse();
            probe.run(DAEMON);
            await().until(() -> probe.instance().hasOrphans());
        }
    }

    @Test
    void aForkBombHitsTheProcessLimit() throws Exception {
        try (Probe probe = start()) {
            int children = Integer.parseInt(probe.run("""
                    import os, time
                    answer = 0
                    while answer < 500:
                        try:
                            pid = os.fork()
                        except OSError:
                            break
                        if pid == 0:
                            time.sleep(1000)
                            os._exit(0)
                        answer += 1"""));
            assertThat(children).isBetween(4, 64);
        }
    }

    @Test
    void aMemoryHogIsKilledAndReportedAsOutOfMemory() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.runToEnd("""
                    import time
                    hog = []
                    while True:
                        hog.append(bytearray(4 << 20))
                        time.sleep(0.01)"""))
                    .isEqualTo(new EngineInstance.Exit(137, true));
        }
    }

    @Test
    void peakMemoryStaysKnownAfterTheEnd() throws Exception {
        try (Probe probe = start()) {
            probe.run("hog = bytearray(30 << 20)");
            await().until(() -> probe.instance().peakMemoryBytes().orElse(0) > 30 << 20);
            probe.instance().destroy();
            assertThat(probe.instance().peakMemoryBytes().orElseThrow()).isBetween(30L << 20, 129L << 20);
        }
    }

    @Test
    void scratchSpaceHasASize() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.run("""
                    import os
                    answer = 0
                    f = open('/tmp/big', 'wb', buffering=0)
                    try:
                        while answer < 512:
                            f.write(bytes(1 << 20))
                            answer += 1
                    finally:
                        f.close()
                        os.remove('/tmp/big')""")).contains("No space left on device");
        }
    }

    @Test
    void instancesOfAKilledGatewayAreGoneAfterReconcile() throws Exception {
        Path elsewhere = makeWork();
        try (Probe probe = Probe.prepare(elsewhere)) {
            String gateway = GATEWAY + "-killed";
            Process process = gatewayProcess(gateway, elsewhere, probe);
            probe.accept();
            probe.run(DAEMON);
            process.destroyForcibly().waitFor();
            try (Engine next = factory().create(gateway, elsewhere)) {
                next.reconcile();
                assertThat(probe.out()).isEmpty();
            }
        } finally {
            remove(elsewhere);
        }
    }

    /// A gateway of its own that has started the instance of `probe`.
    protected final Process gatewayProcess(String gatewayId, Path elsewhere, Probe probe) throws IOException {
        Process process = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp",
                System.getProperty("java.class.path"), EngineProcess.class.getName(), factory().getClass().getName(),
                gatewayId, elsewhere.toString(), probe.directory().toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        assertThat(process.inputReader().readLine()).isEqualTo("started");
        return process;
    }

    /// Forks twice, leaves its session, and keeps the pipe open.
    protected static final String DAEMON = """
            import os, time
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(1000)
                os._exit(0)
            os.wait()""";
}
