package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.nanogrid.gateway.config.AddressRange;
import io.nanogrid.gateway.engine.Probe;
import io.nanogrid.gateway.engine.RequiredEngines;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/// Instances with `network: true`. The host's own private address stands for everything that is closed: opened by
/// NETWORK_ALLOW it must be reached, which shows that the helper carries connections at all.
@Isolated
class SandboxNetworkTest {

    @TempDir
    private Path work;
    private InetAddress address;

    @BeforeEach
    void findAPrivateAddress() throws Exception {
        String problem = NetworkHelper.problem("root".equals(System.getProperty("user.name")));
        if (problem != null) {
            RequiredEngines.lacking("sandbox", problem);
        }
        List<InetAddress> addresses = NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses)
                .filter(Inet4Address.class::isInstance).filter(InetAddress::isSiteLocalAddress).toList();
        assumeTrue(!addresses.isEmpty(), "the host has no private address");
        address = addresses.getFirst();
        Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwx--x--x"));
    }

    @Test
    void whatIsAllowedIsReached() throws Exception {
        assertThat(connectWith(List.of(address.getHostAddress() + "/32"))).isEqualTo("connected");
    }

    @Test
    void theHostsPrivateAddressIsClosed() throws Exception {
        assertThat(connectWith(List.of())).isEqualTo("error PermissionError: [Errno 13] Permission denied");
    }

    @Test
    void metadataAndPrivateRangesAreClosed() throws Exception {
        for (String closed : List.of("169.254.169.254", "10.0.0.1", "192.168.1.1", "100.64.0.1")) {
            try (SandboxEngine engine = engine(List.of()); Probe probe = Probe.start(engine, work, 128, true, null)) {
                assertThat(probe.run(connectTo(closed, 80)))
                        .isEqualTo("error PermissionError: [Errno 13] Permission denied");
            }
        }
    }

    @Test
    void theHostsLoopbackIsClosed() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                SandboxEngine engine = engine(List.of());
                Probe probe = Probe.start(engine, work, 128, true, null)) {
            assertThat(probe.run(connectTo("127.0.0.1", listener.getLocalPort()))).contains("Connection refused");
        }
    }

    @Test
    void theRulesCantBeUndone() throws Exception {
        try (SandboxEngine engine = engine(List.of()); Probe probe = Probe.start(engine, work, 128, true, null)) {
            assertThat(probe.run(
                    "import subprocess; answer = subprocess.run(['ip', 'rule', 'flush'], capture_output=True).stderr"))
                    .contains("Operation not permitted");
        }
    }

    @Test
    void theHelperEndsWithItsInstance() throws Exception {
        try (SandboxEngine engine = engine(List.of()); Probe probe = Probe.start(engine, work, 128, true, null)) {
            List<ProcessHandle> helpers = helpers();
            assertThat(helpers).isNotEmpty();
            probe.instance().destroy();
            for (ProcessHandle helper : helpers) {
                helper.onExit().get();
            }
        }
    }

    private String connectWith(List<String> allow) throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, address);
                SandboxEngine engine = engine(allow);
                Probe probe = Probe.start(engine, work, 128, true, null)) {
            return probe.run(connectTo(address.getHostAddress(), listener.getLocalPort()));
        }
    }

    private SandboxEngine engine(List<String> allow) {
        SandboxConfig normal = Configs.normal("network", work);
        SandboxEngine engine = new SandboxEngine(new SandboxConfig(normal.gatewayId(), normal.dependencies(),
                normal.runtimeDirectory(), normal.uids(), normal.groups(), normal.processors(), normal.processes(),
                normal.openFiles(), normal.fileMb(), normal.scratchMb(), normal.root(), normal.searchPath(),
                allow.stream().map(AddressRange::parse).toList()));
        RequiredEngines.check(engine);
        return engine;
    }

    private static List<ProcessHandle> helpers() {
        return ProcessHandle.current().children().filter(child -> nameOf(child).startsWith("pas")).toList();
    }

    private static String nameOf(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid() + "/comm"));
        } catch (IOException e) {
            return "";
        }
    }

    private static String connectTo(String host, int port) {
        return "import socket; socket.create_connection(('" + host + "', " + port + "), 3); answer = 'connected'";
    }
}
