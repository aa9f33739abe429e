package io.nanogrid.gateway.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What an instance has, sees and reaches of the machine that it runs on, and nothing besides: part of [EngineContract].
interface EngineReachContract {

    Path work();

    Probe start() throws Exception;

    @Test
    default void itsEnvironmentIsExactlyThePromisedOne() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.run("""
                    names = open('/proc/self/environ').read().split('\\0')
                    answer = sorted(name for name in names if name and not name.startswith('PATH='))"""))
                    .isEqualTo("['HOME=/tmp', 'LANG=C.UTF-8', 'PYTHONDONTWRITEBYTECODE=1', 'TMPDIR=/tmp']");
        }
    }

    @Test
    default void nothingOfTheGatewaysEnvironmentIsVisible() throws Exception {
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
    default void itStartsInTheTaskDirectoryWithoutInput() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.run("import os; open('f', 'w').write('x'); answer = os.getcwd(), os.read(0, 1)"))
                    .isEqualTo("('/var/task', b'')");
        }
    }

    @Test
    default void itInheritsNoDescriptorButTheThree() throws Exception {
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
    default void nothingElseIsWritable() throws Exception {
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
    default void theHostsLoopbackIsOutOfReach() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()); Probe probe = start()) {
            assertThat(probe.run(connectTo("127.0.0.1", listener.getLocalPort()))).startsWith("error ");
        }
    }

    @Test
    default void noAddressOfTheHostIsInReach() throws Exception {
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
    default void abstractSocketsOfTheHostAreOutOfReach() throws Exception {
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
    default void filesOfTheHostAreOutOfReach() throws Exception {
        Path secret = Files.writeString(work().resolve("secret-" + System.nanoTime()), "secret");
        try (Probe probe = start(); Probe other = start()) {
            for (Path path : List.of(secret, Path.of("/etc/shadow"), other.directory().resolve("s"))) {
                assertThat(probe.run("answer = open('" + path + "').read()")).startsWith("error ");
            }
        }
    }

    @Test
    default void itHasNoPrivilegesAndASeccompFilter() throws Exception {
        try (Probe probe = start()) {
            assertThat(probe.run("""
                    wanted = ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')
                    lines = [line.split(':') for line in open('/proc/self/status')]
                    answer = {name: int(value, 16) for name, value in lines if name in wanted}""")).isEqualTo(
                    "{'CapInh': 0, 'CapPrm': 0, 'CapEff': 0, 'CapBnd': 0, 'CapAmb': 0, 'NoNewPrivs': 1, 'Seccomp': 2}");
        }
    }

    @Test
    default void itSeesNoProcessesButItsOwn() throws Exception {
        try (Probe probe = start(); Probe other = start()) {
            other.run("import subprocess; subprocess.Popen(['sleep', '7654'])");
            assertThat(probe.run("""
                    import glob
                    answer = [name for name in glob.glob('/proc/[0-9]*/cmdline') if '7654' in open(name).read()]"""))
                    .isEqualTo("[]");
        }
    }

    private static String connectTo(String address, int port) {
        return "import socket; socket.create_connection(('" + address + "', " + port + "), 3); answer = 'connected'";
    }
}
