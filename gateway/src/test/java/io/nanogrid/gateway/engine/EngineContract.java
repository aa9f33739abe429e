package io.nanogrid.gateway.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
public abstract class EngineContract {

    private static final int MEMORY_MB = 128;
    private static final String GATEWAY = "contract-" + ProcessHandle.current().pid();

    private Path work;
    private Engine engine;

    protected abstract EngineFactory factory();

    protected final Engine engine() {
        return engine;
    }

    protected final Path work() {
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

    protected final Probe start() throws Exception {
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
    void itsEnvironmentIsExactlyThePromisedOne() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.run("""
                    names = open('/proc/self/environ').read().split('\\0')
                    answer = sorted(name for name in names if name and not name.startswith('PATH='))"""))
                    .isEqualTo("['HOME=/tmp', 'LANG=C.UTF-8', 'PYTHONDONTWRITEBYTECODE=1', 'TMPDIR=/tmp']");
        }
    }

    @Test
    void nothingOfTheGatewaysEnvironmentIsVisible() throws Exception {
        try (Probe probe = start()) {
            String seen = probe.run("""
                    import glob
                    answer = ''
                    for name in glob.glob('/proc/[0-9]*/environ'):
                        try:
                            answer += open(name).read()
                        except OSError:
                            pass""");
            assertThat(seen).contains("TMPDIR=/tmp");
            for (Map.Entry<String, String> mine : System.getenv().entrySet()) {
                if (mine.getValue().length() > 8 && !List.of("PATH", "HOSTNAME").contains(mine.getKey())) {
                    assertThat(seen).doesNotContain(mine.getKey() + "=" + mine.getValue());
                }
            }
        }
    }

    @Test
    void itStartsInTheTaskDirectoryWithoutInput() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.run("import os; open('f', 'w').write('x'); answer = os.getcwd(), os.read(0, 1)"))
                    .isEqualTo("('/var/task', b'')");
        }
    }

    @Test
    void itInheritsNoDescriptorButTheThree() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.run("""
                    import os
                    own = str(channel.fileno())
                    answer = sorted(fd for fd in os.listdir('/proc/self/fd')
                                    if fd != own and os.path.lexists('/proc/self/fd/' + fd))"""))
                    .isEqualTo("['0', '1', '2']");
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
    void nothingElseIsWritable() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.run("""
                    import os, tempfile
                    answer = []
                    for top, directories, files in os.walk('/'):
                        if top.startswith(('/proc/', '/sys/')):
                            directories.clear()
                            continue
                        try:
                            tempfile.TemporaryFile(dir=top).close()
                            answer.append(top)
                        except OSError:
                            pass
                    answer = sorted(set(answer) - {'/dev/shm', '/dev/mqueue'})"""))
                    .isEqualTo("['/tmp', '/var/task']");
        }
    }

    @Test
    void theHostsLoopbackIsOutOfReach() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()); Probe probe = start()) {
            assertThat(probe.run(connectTo("127.0.0.1", listener.getLocalPort()))).startsWith("error ");
        }
    }

    @Test
    void noAddressOfTheHostIsInReach() throws Exception {
        try (ServerSocket listener = new ServerSocket(0); Probe probe = start()) {
            for (NetworkInterface device : NetworkInterface.networkInterfaces().toList()) {
                for (InetAddress address : device.inetAddresses().filter(Inet4Address.class::isInstance).toList()) {
                    assertThat(probe.run(connectTo(address.getHostAddress(), listener.getLocalPort())))
                            .startsWith("error ");
                }
            }
        }
    }

    @Test
    void abstractSocketsOfTheHostAreOutOfReach() throws Exception {
        String name = "nanogrid-" + ProcessHandle.current().pid();
        String connect = "import socket; socket.socket(socket.AF_UNIX).connect('\\0" + name
                + "'); answer = 'connected'";
        Process holder = new ProcessBuilder("python3", "-c",
                "import socket; s = socket.socket(socket.AF_UNIX); s.bind('\\0"
                        + name + "'); s.listen(); print('listening', flush=True); s.accept(); s.accept()")
                .start();
        try (Probe probe = start()) {
            assertThat(holder.inputReader().readLine()).isEqualTo("listening");
            assertThat(new ProcessBuilder("python3", "-c", connect).start().waitFor()).as("from the host").isZero();
            assertThat(probe.run(connect)).startsWith("error ");
        } finally {
            holder.destroyForcibly();
        }
    }

    @Test
    void filesOfTheHostAreOutOfReach() throws Exception {
        Path secret = Files.writeString(work.resolve("secret-" + System.nanoTime()), "secret");
        try (Probe probe = start(); Probe other = start()) {
            for (Path path : List.of(secret, Path.of("/etc/shadow"), other.directory().resolve("s"))) {
                assertThat(probe.run("answer = open('" + path + "').read()")).startsWith("error ");
            }
        }
    }

    @Test
    void itHasNoPrivilegesAndASeccompFilter() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.run("""
                    wanted = ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')
                    lines = [line.split(':') for line in open('/proc/self/status')]
                    answer = {name: int(value, 16) for name, value in lines if name in wanted}""")).isEqualTo(
                    "{'CapInh': 0, 'CapPrm': 0, 'CapEff': 0, 'CapBnd': 0, 'CapAmb': 0, 'NoNewPrivs': 1, 'Seccomp': 2}");
        }
    }

    @Test
    void itSeesNoProcessesButItsOwn() throws Exception {
        try (Probe probe = start(); Probe other = start()) {
            other.run("import subprocess; subprocess.Popen(['sleep', '7654'])");
            assertThat(probe.run("""
                    import glob
                    answer = [name for name in glob.glob('/proc/[0-9]*/cmdline') if '7654' in open(name).read()]"""))
                    .isEqualTo("[]");
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

    @Test
    void librariesAreInstalledOnceAndVisibleToInstances() throws Exception {
        DependencyRequest request = Installs.request("""
                import sys
                open(sys.argv[1] + '/lib.py', 'w').write('value = 7')""");
        DependencyLayer layer = engine.install(request, line -> {
        });
        assertThat(layer.cached()).isFalse();
        assertThat(engine.install(request, line -> {
        }).cached()).isTrue();
        try (Probe probe = Probe.start(engine, work, MEMORY_MB, false, layer)) {
            assertThat(probe
                    .run("import sys; sys.path.insert(0, '" + layer.location() + "'); import lib; answer = lib.value"))
                    .isEqualTo("7");
            assertThat(probe.run("open('" + layer.location() + "/lib.py', 'w')")).startsWith("error ");
        } finally {
            engine.remove(layer);
        }
    }

    @Test
    void aRemovedLayerIsInstalledAnew() throws Exception {
        DependencyRequest request = Installs.request("pass");
        engine.remove(engine.install(request, line -> {
        }));
        DependencyLayer again = engine.install(request, line -> {
        });
        assertThat(again.cached()).isFalse();
        engine.remove(again);
    }

    @Test
    void aLayerIsListedUntilItIsRemoved() throws Exception {
        DependencyLayer layer = engine.install(Installs.request("pass"), line -> {
        });
        assertThat(engine.layers()).contains(layer.key());
        engine.remove(layer);
        assertThat(engine.layers()).doesNotContain(layer.key());
    }

    @Test
    void aLayerStaysAsLongAsAnInstanceHasIt() throws Exception {
        DependencyLayer layer = engine.install(Installs.request("""
                import sys
                open(sys.argv[1] + '/lib.py', 'w').write('value = 7')"""), line -> {
        });
        try (Probe probe = Probe.start(engine, work, MEMORY_MB, false, layer)) {
            assertThatThrownBy(() -> engine.remove(layer)).isInstanceOf(EngineException.class)
                    .hasMessageContaining("in use by a running instance");
            assertThat(probe.run("answer = open('" + layer.location() + "/lib.py').read()")).isEqualTo("value = 7");
        }
        engine.remove(layer);
        assertThat(engine.layers()).doesNotContain(layer.key());
    }

    @Test
    void aFailedInstallationLeavesNothing() throws Exception {
        DependencyRequest broken = Installs.request("import sys; open(sys.argv[1] + '/half', 'w'); sys.exit(5)");
        List<String> log = new CopyOnWriteArrayList<>();
        assertThatThrownBy(() -> engine.install(broken, log::add)).isInstanceOf(InstallFailed.class);
        DependencyLayer layer = engine.install(new DependencyRequest(broken.runtime(), broken.key(),
                Installs.request("pass").inputs()), log::add);
        assertThat(layer.cached()).isFalse();
        engine.remove(layer);
    }

    @Test
    void whatAnInstallerPrintsArrivesWithoutControlCharacters() throws Exception {
        List<String> log = new CopyOnWriteArrayList<>();
        engine.remove(engine.install(Installs.request("""
                import sys
                print('plain')
                sys.stderr.write('\\x1b[31mred\\n')"""), log::add));
        assertThat(log).contains("plain").anyMatch(line -> line.contains("red"));
        assertThat(log).allSatisfy(line -> assertThat(line).doesNotContain("\u001b"));
    }

    @Test
    void anInstallerIsConfinedLikeAnInstance() throws Exception {
        Path secret = Files.writeString(work.resolve("secret-" + System.nanoTime()), "secret");
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            List<String> log = new CopyOnWriteArrayList<>();
            engine.remove(engine.install(Installs.request("""
                    import socket, os
                    for name, attempt in (('file', lambda: open('%s')), ('shadow', lambda: open('/etc/shadow')),
                            ('socket', lambda: socket.create_connection(('127.0.0.1', %d), 3))):
                        try:
                            attempt()
                            print(name, 'reached')
                        except OSError:
                            print(name, 'refused')""".formatted(secret, listener.getLocalPort())), log::add));
            assertThat(log).contains("file refused", "shadow refused", "socket refused");
        }
    }

    @Test
    void installationsOfOneKeyRunOnce() throws Exception {
        DependencyRequest request = Installs.request("print('installing')");
        List<String> log = new CopyOnWriteArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<DependencyLayer>> all = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                all.add(threads.submit(() -> engine.install(request, log::add)));
            }
            for (Future<DependencyLayer> one : all) {
                assertThat(one.get().key()).isEqualTo(request.key());
            }
            engine.remove(all.getFirst().get());
        }
        assertThat(log).filteredOn("installing"::equals).hasSize(1);
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

    private static String connectTo(String address, int port) {
        return "import socket; socket.create_connection(('" + address + "', " + port + "), 3); answer = 'connected'";
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
