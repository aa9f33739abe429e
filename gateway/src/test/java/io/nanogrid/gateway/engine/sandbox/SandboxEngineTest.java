package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.EngineContract;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.EngineFactory;
import io.nanogrid.gateway.engine.InstallFailed;
import io.nanogrid.gateway.engine.Installs;
import io.nanogrid.gateway.engine.InstanceSpec;
import io.nanogrid.gateway.engine.InterpreterVersion;
import io.nanogrid.gateway.engine.Probe;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the sandbox engine promises beyond the contract, seen from the host.
class SandboxEngineTest extends EngineContract {

    @Override
    protected EngineFactory factory() {
        return new SandboxFactory();
    }

    @Test
    void underRootEachInstanceHasAHostUidOfItsOwn() throws Exception {
        assumeRoot();
        try (Probe one = start(); Probe other = start()) {
            Set<String> uids = new HashSet<>();
            for (Probe probe : List.of(one, other)) {
                Set<String> own = new HashSet<>();
                for (long pid : pidsOf(probe)) {
                    own.add(statusOf(pid, "Uid") + statusOf(pid, "Groups"));
                }
                assertThat(own).as("uids of one instance").hasSize(1);
                uids.addAll(own);
            }
            assertThat(uids).hasSize(2).allMatch(uid -> uid.startsWith("7"));
        }
    }

    @Test
    void theInitProcessHasTheFilterToo() throws Exception {
        try (Probe probe = start()) {
            for (long pid : pidsOf(probe)) {
                assertThat(statusOf(pid, "Seccomp")).isEqualTo("2");
                assertThat(statusOf(pid, "CapEff")).isEqualTo("0000000000000000");
            }
        }
    }

    @Test
    void aTerminalsInterruptCantReachIt() throws Exception {
        try (Probe probe = start()) {
            long init = pidsOf(probe).getFirst();
            long outer = ProcessHandle.of(init).orElseThrow().parent().orElseThrow().pid();
            assertThat(sessionOf(outer)).isEqualTo(outer).isNotEqualTo(sessionOf(ProcessHandle.current().pid()));
        }
    }

    @Test
    void theArgumentsOfBubblewrapAreHiddenInside() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.run("answer = open('/proc/1/cmdline').read()")).doesNotContain(work().toString());
        }
    }

    @Test
    void instancesOfAKilledGatewayDieAtOnce() throws Exception {
        Path elsewhere = makeWork();
        try (Probe probe = Probe.prepare(elsewhere)) {
            Process gateway = gatewayProcess("killed-" + ProcessHandle.current().pid(), elsewhere, probe);
            probe.accept();
            probe.run(DAEMON);
            gateway.destroyForcibly().waitFor();
            assertThat(probe.out()).isEmpty();
        } finally {
            reconcile("killed-" + ProcessHandle.current().pid(), elsewhere);
        }
    }

    /// User code can write to the memory of the namespace's init; here it makes init loop for ever.
    private static final String TAMPER = """
            with open('/proc/1/mem', 'r+b', buffering=0) as memory:
                for line in open('/proc/1/maps'):
                    if ' r-xp ' in line and ('libc' in line or 'bwrap' in line):
                        start, end = (int(number, 16) for number in line.split()[0].split('-'))
                        memory.seek(start)
                        memory.write(b'\\xeb\\xfe' * ((end - start) // 2))
                        answer = 'tampered'""";

    @Test
    void aTamperedInitIsDestroyedAllTheSame() throws Exception {
        try (Probe probe = start()) {
            assumeTrue("tampered".equals(probe.run(TAMPER)), "this kernel protects the memory of init");
            probe.run(DAEMON);
            probe.instance().destroy();
            assertThat(probe.out()).isEmpty();
        }
    }

    @Test
    void aTamperedInitDiesWithItsGateway() throws Exception {
        Path elsewhere = makeWork();
        String gatewayId = "tampered-" + ProcessHandle.current().pid();
        try (Probe probe = Probe.prepare(elsewhere)) {
            Process gateway = gatewayProcess(gatewayId, elsewhere, probe);
            probe.accept();
            assumeTrue("tampered".equals(probe.run(TAMPER)), "this kernel protects the memory of init");
            gateway.destroyForcibly().waitFor();
            assertThat(probe.out()).isEmpty();
        } finally {
            reconcile(gatewayId, elsewhere);
        }
    }

    @Test
    void whatIsDestroyedLeavesNoGroup() throws Exception {
        try (Probe probe = start()) {
            String id = String.valueOf(probe.directory().getFileName());
            List<Path> groups = groupsNamed(id);
            assumeTrue(!groups.isEmpty(), "no control groups can be written here");
            probe.instance().destroy();
            assertThat(groups).noneMatch(Files::exists);
        }
    }

    @Test
    void aLayerOfAnUnreadableInstallerIsReadable() throws Exception {
        var layer = engine().install(Installs.request("""
                import os, sys
                os.umask(0o777)
                os.close(os.open(sys.argv[1] + '/secret.py', os.O_CREAT | os.O_WRONLY, 0))
                os.mkfifo(sys.argv[1] + '/pipe')
                os.symlink('/etc/shadow', sys.argv[1] + '/link')"""), line -> {
        });
        try (Probe probe = Probe.start(engine(), work(), 128, false, layer)) {
            assertThat(probe.run("import os; answer = sorted(os.listdir('/opt/nanogrid/deps')),"
                    + " open('/opt/nanogrid/deps/secret.py').read()")).isEqualTo("(['link', 'secret.py'], '')");
        }
    }

    @Test
    void aSlowInstallationIsStopped() throws Exception {
        assertThatThrownBy(() -> installWith(new DependencyInstaller.Limits(256, Duration.ofMillis(300), 1 << 30),
                "import time; time.sleep(1000)")).isInstanceOf(InstallFailed.class).hasMessageContaining("longer than");
    }

    @Test
    void anInstallationThatFillsTheDiskIsStopped() throws Exception {
        assertThatThrownBy(() -> installWith(new DependencyInstaller.Limits(256, Duration.ofMinutes(1), 1 << 20), """
                import sys, time
                open(sys.argv[1] + '/big', 'wb').write(bytes(4 << 20))
                time.sleep(1000)""")).isInstanceOf(InstallFailed.class).hasMessageContaining("of disk");
    }

    @Test
    void anInstallationThatTakesTooMuchMemoryIsStopped() throws Exception {
        assertThatThrownBy(() -> installWith(new DependencyInstaller.Limits(64, Duration.ofMinutes(1), 1 << 30), """
                import time
                hog = bytearray(200 << 20)
                time.sleep(1000)""")).isInstanceOf(InstallFailed.class).hasMessageContaining("of memory");
    }

    @Test
    void aMissingInterpreterIsNamedWithItsPackage() {
        assertThatThrownBy(() -> engine().prepare(tool("python9"), line -> {
        })).isInstanceOf(EngineException.class).hasMessage("python9 isn't installed: apt-get install python9");
    }

    @Test
    void anInterpreterElsewhereIsShownWithItsInstallation() throws Exception {
        Path installation = makeOpen(work().resolve("opt/tool-1"));
        makeOpen(installation.resolve("lib"));
        Path program = Files.writeString(makeOpen(installation.resolve("bin")).resolve("tool"),
                "#!/bin/sh\ncat \"${0%/bin/tool}/lib/version\"\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(installation.resolve("lib/version"), "tool 1.0");
        RuntimeDescriptor tool = tool("tool");
        try (SandboxEngine other = new SandboxEngine(Configs.with(work(), null, List.of(program.getParent())))) {
            assertThat(other.prepare(tool, line -> {
            })).isEqualTo("tool 1.0 (sandbox)");
        }
    }

    @Test
    void anInterpreterThatHasBeenReplacedIsLookedAtAgain() throws Exception {
        Path bin = makeOpen(makeOpen(work().resolve("opt/tool-2")).resolve("bin"));
        makeOpen(bin.resolveSibling("lib"));
        RuntimeDescriptor tool = tool("tool-2");
        replace(bin.resolve("tool-2"), "tool 1.0");
        try (SandboxEngine other = new SandboxEngine(Configs.with(work(), null, List.of(bin)))) {
            other.prepare(tool, line -> {
            });
            assertThat(other.version(tool)).contains(new InterpreterVersion("1.0"));

            replace(bin.resolve("tool-2"), "tool 2.0");
            other.prepare(tool, line -> {
            });

            assertThat(other.version(tool)).contains(new InterpreterVersion("2.0"));
        }
    }

    /// As a package manager does it: by a new file.
    private static void replace(Path program, String version) throws IOException {
        Path fresh = Files.writeString(program.resolveSibling("fresh"), "#!/bin/sh\necho " + version + "\n");
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.move(fresh, program, StandardCopyOption.REPLACE_EXISTING);
    }

    private static RuntimeDescriptor tool(String name) {
        RuntimeDescriptor python = Probe.python(null);
        return new RuntimeDescriptor(name, List.of(), python.mainFiles(), python.extensions(), python.handlers(),
                python.bootstrap(), python.command(), python.environment(), List.of(name), python.image(), null);
    }

    @Test
    void aRootDirectoryReplacesTheHostsSystem() throws Exception {
        Path root = makeOpen(work().resolve("root"));
        Files.createSymbolicLink(root.resolve("usr"), Path.of("/usr"));
        for (String directory : List.of("bin", "sbin", "lib", "lib64")) {
            Files.createSymbolicLink(root.resolve(directory), Path.of("usr", directory));
        }
        Files.writeString(makeOpen(root.resolve("etc")).resolve("services"), "of the root directory");
        try (SandboxEngine other = new SandboxEngine(Configs.with(work(), root, List.of()));
                Probe probe = Probe.start(other, work(), 128)) {
            assertThat(probe.run("answer = open('/etc/services').read()")).isEqualTo("of the root directory");
        }
    }

    private static Path makeOpen(Path directory) throws IOException {
        return HostFiles.makeDirectory(directory);
    }

    @Test
    void aDirectoryThatInstancesCantReachIsRefusedAtOnce(@TempDir Path directory) throws Exception {
        assumeRoot();
        Path closed = Files.createDirectory(directory.resolve("closed"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        assertThatThrownBy(() -> new SandboxEngine(Configs.normal("closed", closed)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("chmod o+x " + closed);
    }

    @Test
    void aStartThatEndsWithAnErrorFreesItsUidAndItsLibraries() throws Exception {
        assumeRoot();
        Path elsewhere = makeWork();
        try (SandboxEngine one = new SandboxEngine(
                Configs.withUids("one-uid", elsewhere, new SandboxConfig.UidRange(799_999, 799_999)))) {
            DependencyLayer layer = one.install(Installs.request("pass"), line -> {
            });
            InstanceSpec spec = new InstanceSpec("breaks", Probe.python(null), 128, false, layer, breaking(elsewhere));

            assertThatThrownBy(() -> one.start(spec)).isInstanceOf(LinkageError.class);

            one.remove(layer);
            try (Probe probe = Probe.start(one, elsewhere, 128)) {
                assertThat(probe.run("answer = 1")).isEqualTo("1");
            }
        } finally {
            remove(elsewhere);
        }
    }

    /// A path that can be named, and breaks whoever wants to look into its directory.
    private static Path breaking(Path path) {
        return (Path) Proxy.newProxyInstance(Path.class.getClassLoader(), new Class<?>[]{Path.class},
                (_, method, arguments) -> {
                    if (method.getName().equals("getFileSystem")) {
                        throw new LinkageError("broken");
                    }
                    return method.invoke(path, arguments);
                });
    }

    @Test
    void reconcileRemovesHalfInstalledLayersAndOldBootstraps() throws Exception {
        Path elsewhere = makeWork();
        Path stage = Files.createDirectories(elsewhere.resolve("deps/.installing/s1/target"));
        Path bootstrap = Files.createDirectories(elsewhere.resolve("run/bootstrap/python-0"));
        try (SandboxEngine next = new SandboxEngine(Configs.normal("leftovers", elsewhere))) {
            next.reconcile();
            assertThat(stage).doesNotExist();
            assertThat(bootstrap).doesNotExist();
        } finally {
            remove(elsewhere);
        }
    }

    private static void reconcile(String gatewayId, Path elsewhere) throws Exception {
        try (SandboxEngine next = new SandboxEngine(Configs.normal(gatewayId, elsewhere))) {
            next.reconcile();
        } finally {
            remove(elsewhere);
        }
    }

    private static void installWith(DependencyInstaller.Limits limits, String script) throws Exception {
        try (SandboxEngine limited = new SandboxEngine(Configs.normal("limited", makeWork()), limits)) {
            limited.install(Installs.request(script), line -> {
            });
        }
    }

    private static List<Long> pidsOf(Probe probe) {
        return ((SandboxInstance) probe.instance()).tree().pids();
    }

    private static String statusOf(long pid, String field) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith(field + ":"))
                .map(line -> line.substring(field.length() + 1).strip())
                .findFirst().orElseThrow();
    }

    private static long sessionOf(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[3]);
    }

    private static List<Path> groupsNamed(String id) throws IOException {
        try (Stream<Path> all = Files.find(Path.of("/sys/fs/cgroup"), 9, (path, attributes) -> attributes.isDirectory()
                && path.endsWith(id) && String.valueOf(path.getParent()).contains("nanogrid-contract-"))) {
            return all.toList();
        }
    }

    private static void assumeRoot() {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root changes uids");
    }
}
