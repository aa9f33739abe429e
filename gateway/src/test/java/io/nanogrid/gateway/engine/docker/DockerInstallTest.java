package io.nanogrid.gateway.engine.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.DependencyRequest;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.InstallFailed;
import io.nanogrid.gateway.engine.Probe;
import io.nanogrid.gateway.engine.RequiredEngines;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor.Dependencies;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Installing libraries. The installer is a shell script that the test gives as the manifest.
class DockerInstallTest {

    private static final Duration DEADLINE = Duration.ofSeconds(6);
    private static final long MAX_BYTES = 20L << 20;

    private final List<String> log = new CopyOnWriteArrayList<>();
    private final String key = UUID.randomUUID().toString().replace("-", "");
    private final String gateway = TestImages.removeAtEnd("install-" + key);
    private final DockerCalls daemon = new DockerCalls(null);
    private final DockerEngine engine = engine("install");

    @TempDir
    Path directory;

    @BeforeEach
    void requireDocker() {
        RequiredEngines.check(engine);
    }

    @AfterEach
    void close() throws EngineException {
        engine.remove(new DependencyLayer(key, "", true));
        engine.close();
        daemon.close();
    }

    @Test
    void aFunctionSeesWhatWasInstalled() throws Exception {
        var layer = install("echo 'value = 7' > $TARGET/lib.py");
        try (var probe = Probe.start(engine, directory, 128, false, layer)) {
            assertThat(probe.run("import sys; sys.path.insert(0, '" + layer.location()
                    + "'); import lib; answer = lib.value")).isEqualTo("7");
        }
    }

    @Test
    void aFunctionCanNotChangeWhatWasInstalled() throws Exception {
        var layer = install("echo 'value = 7' > $TARGET/lib.py");
        try (var probe = Probe.start(engine, directory, 128, false, layer)) {
            assertThat(probe.run("open('" + layer.location() + "/lib.py', 'w')")).contains("Read-only file system");
        }
    }

    @Test
    void nothingButTheLibrariesIsKept() throws Exception {
        var layer = install("echo leak > leak; echo leak > /var/tmp/leak; echo ok > $TARGET/ok");
        try (var probe = Probe.start(engine, directory, 128, false, layer)) {
            assertThat(probe.run("import os; answer = os.path.exists('/var/tmp/leak'), os.listdir('"
                    + RuntimeImage.BUILD + "')")).isEqualTo("(False, [])");
        }
    }

    @Test
    void theInstallersOutputComesLineByLineAndHarmless() throws Exception {
        install("echo one; echo two >&2; printf '\\033[31mred\\n'");
        assertThat(log).contains("one", "two", "\uFFFD[31mred");
    }

    @Test
    void theInstallerIsAsConfinedAsAFunction() throws Exception {
        install("id -u; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; ls /sys/class/net");
        assertThat(log).contains("1000", "CapEff: 0000000000000000", "NoNewPrivs: 1", "Seccomp: 2", "lo")
                .doesNotContain("eth0");
    }

    @Test
    void theSecondInstallationOfAKeyIsCached() throws Exception {
        assertThat(install("true").cached()).isFalse();
        log.clear();
        assertThat(install("echo again").cached()).isTrue();
        assertThat(log).isEmpty();
    }

    @Test
    void twoInstallationsAtOnceRunTheInstallerOnce() throws Exception {
        engine.prepare(Probe.python(null), log::add);
        var both = Stream.of(1, 2).map(_ -> CompletableFuture.supplyAsync(() -> {
            try {
                return install("echo running").cached();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        })).toList();
        assertThat(both.stream().map(CompletableFuture::join)).containsExactlyInAnyOrder(false, true);
        assertThat(log.stream().filter("running"::equals)).hasSize(1);
    }

    @Test
    void aFailureIsTheManifestsFaultAndLeavesNothing() throws Exception {
        assertThatThrownBy(() -> install("echo no such package; exit 3")).isInstanceOf(InstallFailed.class)
                .hasMessage("the installer ended with status 3");
        assertThat(log).contains("no such package");
        assertNothingIsLeft();
    }

    @Test
    void anInstallerThatHangsIsKilled() throws Exception {
        assertThatThrownBy(() -> install("sleep 1000")).isInstanceOf(InstallFailed.class)
                .hasMessage("the installation took longer than 6 s");
        assertNothingIsLeft();
    }

    @Test
    void anInstallerThatFillsTheDiskIsKilled() throws Exception {
        assertThatThrownBy(() -> install("head -c 60000000 /dev/zero > $TARGET/big; sleep 1000"))
                .isInstanceOf(InstallFailed.class).hasMessage("the installation takes more than 20 MiB");
        assertNothingIsLeft();
    }

    @Test
    void anInstallerThatExceedsItsMemoryIsToldSo() {
        assertThatThrownBy(() -> install("exec python3 -c 'x = bytearray(500 << 20)'"))
                .isInstanceOf(InstallFailed.class).hasMessage("the installer needs more than 128 MiB of memory");
    }

    @Test
    void anInterruptedInstallationLeavesNothing() throws Exception {
        Thread installing = Thread.ofVirtual().start(() -> {
            try {
                install("echo started; sleep 1000");
            } catch (EngineException | InterruptedException _) {
                // As it should be.
            }
        });
        await().atMost(Duration.ofSeconds(20)).until(() -> log.contains("started"));
        installing.interrupt();
        assertThat(installing.join(Duration.ofSeconds(10))).isTrue();
        assertNothingIsLeft();
    }

    @Test
    void librariesMoveToAnotherVersionOfTheGateway() throws Exception {
        var layer = install("echo 'value = 8' > $TARGET/lib.py");
        try (var next = engine("install2"); var probe = Probe.start(next, directory, 128, false, layer)) {
            assertThat(probe.run("answer = open('" + layer.location() + "/lib.py').read()")).isEqualTo("value = 8\n");
        }
    }

    @Test
    void aStartWithRemovedLibrariesSaysWhatToDo() throws Exception {
        var layer = install("true");
        engine.remove(layer);
        assertThatThrownBy(() -> Probe.start(engine, directory, 128, false, layer)).isInstanceOf(EngineException.class)
                .hasMessageContaining("deploy it again");
    }

    private DependencyLayer install(String script) throws EngineException, InterruptedException {
        var how = new Dependencies("install.sh", List.of("install.sh"), List.of("/bin/sh", "{manifest}"),
                Map.of("TARGET", "/opt/nanogrid/deps"));
        return engine.install(new DependencyRequest(Probe.python(how), key,
                Map.of("install.sh", Content.of(script.getBytes(StandardCharsets.UTF_8)))), log::add);
    }

    private void assertNothingIsLeft() {
        assertThat(daemon.client().listContainersCmd().withShowAll(true)
                .withLabelFilter(Map.of(Labels.GATEWAY, gateway)).exec()).isEmpty();
        assertThat(daemon.client().listImagesCmd().withLabelFilter(Map.of(Labels.GATEWAY, gateway)).exec())
                .noneMatch(image -> List.of(image.getRepoTags()).toString().contains("installed"));
    }

    private DockerEngine engine(String version) {
        var usual = DockerConfig.of(gateway, version);
        return new DockerEngine(new DockerConfig(gateway, version, null, Map.of(), usual.cpus(), usual.pids(),
                usual.openFiles(), usual.scratchBytes(), usual.pullDeadline(),
                new DockerConfig.Install(128, 64, DEADLINE, MAX_BYTES), "nanogrid-none:local", List.of()));
    }
}
