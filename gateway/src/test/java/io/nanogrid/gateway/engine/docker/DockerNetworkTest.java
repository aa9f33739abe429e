package io.nanogrid.gateway.engine.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.config.AddressRange;
import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.DependencyRequest;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.Probe;
import io.nanogrid.gateway.engine.RequiredEngines;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor.Dependencies;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What an instance with network can reach. A listener on an address of this machine stands for the outside: it is reached where it is
/// allowed, which shows that the bridge works, and not otherwise.
class DockerNetworkTest {

    private static final String IMAGE = "nanogrid-base-net:local";

    private final String gateway = TestImages.removeAtEnd("net-" + UUID.randomUUID());
    private final DockerCalls daemon = new DockerCalls(null);
    private final String machine = address();
    private final DockerEngine engine = engine(IMAGE, List.of());

    @TempDir
    Path directory;

    private ServerSocket listener;

    @BeforeEach
    void listen() throws Exception {
        RequiredEngines.check(engine);
        listener = new ServerSocket(0);
    }

    @AfterEach
    void close() throws Exception {
        listener.close();
        engine.close();
        daemon.close();
    }

    @Test
    void whatIsAllowedIsReached() throws Exception {
        try (var open = engine(IMAGE, List.of(machine + "/32")); var probe = start(open)) {
            assertThat(probe.run(connect(machine))).isEqualTo("connected");
        }
    }

    @Test
    void theMachinesOwnAddressIsOutOfReach() throws Exception {
        try (var probe = start(engine)) {
            assertThat(probe.run(connect(machine))).contains("No route to host");
        }
    }

    @Test
    void theBridgesAddressIsOutOfReach() throws Exception {
        try (var probe = start(engine)) {
            String bridge = daemon.client().inspectNetworkCmd().withNetworkId("nanogrid-" + gateway).exec().getIpam()
                    .getConfig().getFirst().getGateway();
            assertThat(probe.run(connect(bridge))).contains("No route to host");
        }
    }

    @Test
    void aNeighbourIsOutOfReach() throws Exception {
        try (var probe = start(engine); var neighbour = start(engine)) {
            String address = neighbour.run("""
                    import socket
                    server = socket.create_server(('0.0.0.0', 8000))
                    answer = socket.gethostbyname(socket.gethostname())""");
            assertThat(address).doesNotStartWith("127.").matches("[0-9.]+");
            assertThat(probe.run("import socket; socket.create_connection(('" + address + "', 8000), 3)"))
                    .contains("No route to host");
        }
    }

    @Test
    void metadataAndPrivateNetworksAreOutOfReach() throws Exception {
        try (var probe = start(engine)) {
            for (String address : List.of("169.254.169.254", "10.0.0.1", "192.168.0.1", "172.17.0.1",
                    "100.100.100.200")) {
                assertThat(probe.run(connect(address))).contains("No route to host");
            }
        }
    }

    @Test
    void theRoutesCanNotBeChangedFromInside() throws Exception {
        try (var probe = start(engine)) {
            assertThat(probe.run("""
                    import fcntl, socket, struct
                    fcntl.ioctl(socket.socket(), 0x890B, bytes(120))""")).contains("Operation not permitted");
        }
    }

    @Test
    void withoutNetworkThereIsLoopbackAlone() throws Exception {
        try (var probe = Probe.start(engine, directory, 128)) {
            assertThat(probe.run("import os; answer = os.listdir('/sys/class/net')")).isEqualTo("['lo']");
        }
    }

    @Test
    void whereItCanNotBeLimitedNetworkIsRefused() {
        try (var poor = engine("nanogrid-none:local", List.of())) {
            assertThatThrownBy(() -> start(poor)).isInstanceOf(EngineException.class)
                    .hasMessageContaining("runtimes/base-images.sh net").hasMessageContaining("NETWORK_IMAGE");
        }
    }

    @Test
    void anInstanceWhoseNetworkCouldNotBeLimitedDoesNotRun() throws Exception {
        try (var broken = engine("nanogrid-base-python:local", List.of())) {
            assertThatThrownBy(() -> start(broken)).isInstanceOf(EngineException.class)
                    .hasMessageContaining("can't be limited");
        }
        assertThat(daemon.client().listContainersCmd().withShowAll(true)
                .withLabelFilter(Map.of(Labels.GATEWAY, gateway)).exec()).isEmpty();
    }

    @Test
    void anInstallerHasTheSameLimits() throws Exception {
        List<String> log = new CopyOnWriteArrayList<>();
        String key = UUID.randomUUID().toString().replace("-", "");
        var how = new Dependencies("install.py", List.of(), List.of("{interpreter}", "{manifest}"), Map.of());
        String script = """
                import os, socket
                print(sorted(os.listdir('/sys/class/net')))
                try:
                    socket.create_connection(('%s', %d), 3)
                    print('connected')
                except OSError as e:
                    print('refused')""".formatted(machine, listener.getLocalPort());
        DependencyLayer layer = engine.install(new DependencyRequest(Probe.python(how), key,
                Map.of("install.py", Content.of(script.getBytes(StandardCharsets.UTF_8)))), log::add);
        engine.remove(layer);
        assertThat(log).contains("['eth0', 'lo']", "refused");
    }

    private Probe start(DockerEngine on) throws Exception {
        return Probe.start(on, directory, 128, true, null);
    }

    private String connect(String address) {
        return "import socket; socket.create_connection(('" + address + "', " + listener.getLocalPort()
                + "), 3); answer = 'connected'";
    }

    /// An address that this machine has besides loopback and bridges.
    private static String address() {
        try {
            return NetworkInterface.networkInterfaces()
                    .filter(device -> !device.getName().matches("lo|docker.*|br-.*|veth.*"))
                    .flatMap(NetworkInterface::inetAddresses).filter(Inet4Address.class::isInstance)
                    .map(InetAddress::getHostAddress).findFirst().orElseThrow();
        } catch (SocketException e) {
            throw new IllegalStateException(e);
        }
    }

    private DockerEngine engine(String image, List<String> allow) {
        var usual = DockerConfig.of(gateway, "net");
        return new DockerEngine(new DockerConfig(gateway, "net", null, Map.of(), usual.cpus(), usual.pids(),
                usual.openFiles(), usual.scratchBytes(), usual.pullDeadline(), usual.install(), image,
                allow.stream().map(AddressRange::parse).toList()));
    }
}
