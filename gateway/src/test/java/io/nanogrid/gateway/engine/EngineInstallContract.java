package io.nanogrid.gateway.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// What an engine promises about the libraries that functions name: part of [EngineContract].
interface EngineInstallContract {

    Engine engine();

    Path work();

    @Test
    default void librariesAreInstalledOnceAndVisibleToInstances() throws Exception {
        DependencyRequest request = Installs.request("""
                import sys
                open(sys.argv[1] + '/lib.py', 'w').write('value = 7')""");
        DependencyLayer layer = engine().install(request, line -> {
        });
        assertThat(layer.cached()).isFalse();
        assertThat(engine().install(request, line -> {
        }).cached()).isTrue();
        try (Probe probe = Probe.start(engine(), work(), EngineContract.MEMORY_MB, false, layer)) {
            assertThat(probe
                    .run("import sys; sys.path.insert(0, '" + layer.location() + "'); import lib; answer = lib.value"))
                    .isEqualTo("7");
            assertThat(probe.run("open('" + layer.location() + "/lib.py', 'w')")).startsWith("error ");
        } finally {
            engine().remove(layer);
        }
    }

    @Test
    default void aRemovedLayerIsInstalledAnew() throws Exception {
        DependencyRequest request = Installs.request("pass");
        engine().remove(engine().install(request, line -> {
        }));
        DependencyLayer again = engine().install(request, line -> {
        });
        assertThat(again.cached()).isFalse();
        engine().remove(again);
    }

    @Test
    default void aLayerIsListedUntilItIsRemoved() throws Exception {
        DependencyLayer layer = engine().install(Installs.request("pass"), line -> {
        });
        assertThat(engine().layers()).contains(layer.key());
        engine().remove(layer);
        assertThat(engine().layers()).doesNotContain(layer.key());
    }

    @Test
    default void aLayerStaysAsLongAsAnInstanceHasIt() throws Exception {
        DependencyLayer layer = engine().install(Installs.request("""
                import sys
                open(sys.argv[1] + '/lib.py', 'w').write('value = 7')"""), line -> {
        });
        try (Probe probe = Probe.start(engine(), work(), EngineContract.MEMORY_MB, false, layer)) {
            assertThatThrownBy(() -> engine().remove(layer)).isInstanceOf(EngineException.class)
                    .hasMessageContaining("in use by a running instance");
            assertThat(probe.run("answer = open('" + layer.location() + "/lib.py').read()")).isEqualTo("value = 7");
        }
        engine().remove(layer);
        assertThat(engine().layers()).doesNotContain(layer.key());
    }

    @Test
    default void aFailedInstallationLeavesNothing() throws Exception {
        DependencyRequest broken = Installs.request("import sys; open(sys.argv[1] + '/half', 'w'); sys.exit(5)");
        List<String> log = new CopyOnWriteArrayList<>();
        assertThatThrownBy(() -> engine().install(broken, log::add)).isInstanceOf(InstallFailed.class);
        DependencyLayer layer = engine().install(new DependencyRequest(broken.runtime(), broken.key(),
                Installs.request("pass").inputs()), log::add);
        assertThat(layer.cached()).isFalse();
        engine().remove(layer);
    }

    @Test
    default void whatAnInstallerPrintsArrivesWithoutControlCharacters() throws Exception {
        List<String> log = new CopyOnWriteArrayList<>();
        engine().remove(engine().install(Installs.request("""
                import sys
                print('plain')
                sys.stderr.write('\\x1b[31mred\\n')"""), log::add));
        assertThat(log).contains("plain").anyMatch(line -> line.contains("red"));
        assertThat(log).allSatisfy(line -> assertThat(line).doesNotContain("\u001b"));
    }

    @Test
    default void anInstallerIsConfinedLikeAnInstance() throws Exception {
        Path secret = Files.writeString(work().resolve("secret-" + System.nanoTime()), "secret");
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            List<String> log = new CopyOnWriteArrayList<>();
            engine().remove(engine().install(Installs.request("""
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
    default void installationsOfOneKeyRunOnce() throws Exception {
        DependencyRequest request = Installs.request("print('installing')");
        List<String> log = new CopyOnWriteArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<DependencyLayer>> all = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                all.add(threads.submit(() -> engine().install(request, log::add)));
            }
            for (Future<DependencyLayer> one : all) {
                assertThat(one.get().key()).isEqualTo(request.key());
            }
            engine().remove(all.getFirst().get());
        }
        assertThat(log).filteredOn("installing"::equals).hasSize(1);
    }
}
