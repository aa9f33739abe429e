package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.config.AddressRange;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// Connects a sandbox to the network outside: pasta carries its connections over sockets of the host, IPv4 only, and routing
/// rules in the sandbox's own namespace refuse private ranges and all of the host's addresses. Immutable.
final class NetworkHelper {

    /// Where instances ask for names; pasta hands the question to the host's resolver.
    static final String RESOLVER = "169.254.1.1";

    /// What no instance reaches: this network, private, shared, link-local (metadata services), benchmarks, multicast, reserved.
    private static final List<String> CLOSED = List.of("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8",
            "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4",
            "240.0.0.0/4");
    private static final Path TUN = Path.of("/dev/net/tun");

    private final Path script;
    private final Path rules;

    /// @param script network.sh
    /// @param rules file with [#rules]
    NetworkHelper(Path script, Path rules) {
        this.script = script;
        this.rules = rules;
    }

    /// What is missing and what to do about it, or null where sandboxes can have network.
    ///
    /// @param otherUsers whether sandboxes run as users other than the gateway
    static @Nullable String problem(boolean otherUsers) {
        if (Programs.find("pasta") == null) {
            return "network isn't available, pasta isn't installed: apt-get install passt";
        }
        if (Programs.find("ip") == null) {
            return "network isn't available, ip isn't installed: apt-get install iproute2";
        }
        try {
            boolean open = otherUsers
                    ? Files.getPosixFilePermissions(TUN).contains(PosixFilePermission.OTHERS_WRITE)
                    : Files.isWritable(TUN);
            return open ? null : "network isn't available, instances can't open /dev/net/tun: chmod 666 /dev/net/tun";
        } catch (IOException e) {
            return "network isn't available, there is no /dev/net/tun: modprobe tun, and in a container --device /dev/net/tun";
        }
    }

    /// Rules for ip(8): first what is open in spite of the rest, then what is closed.
    ///
    /// @param allow ranges of NETWORK_ALLOW
    static String rules(List<AddressRange> allow) {
        List<String> lines = new ArrayList<>();
        lines.add("rule add prio 50 to " + RESOLVER + " lookup main");
        allow.forEach(range -> lines.add("rule add prio 50 to " + range + " lookup main"));
        CLOSED.forEach(range -> lines.add("rule add prio 100 to " + range + " prohibit"));
        addressesOfHost().forEach(address -> lines.add("rule add prio 100 to " + address + " prohibit"));
        return String.join("\n", lines) + "\n";
    }

    private static List<String> addressesOfHost() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(Inet4Address.class::isInstance)
                    .map(InetAddress::getHostAddress)
                    .toList();
        } catch (SocketException e) {
            throw new IllegalStateException("the host's addresses can't be listed", e);
        }
    }

    /// Goes before bubblewrap: a user and a network namespace around the sandbox's own, whose root the sandbox isn't.
    List<String> prefix() {
        return List.of("unshare", "--user", "--map-root-user", "--net", "/bin/sh", script.toString(), rules.toString());
    }

    /// Connects the network namespace of a process. Ends with the thread that starts it.
    ///
    /// @param uid host uid that owns the namespace, if not the gateway's own
    static List<String> connect(long pid, OptionalInt uid) {
        List<String> words = new ArrayList<>(List.of("setsid", "setpriv"));
        uid.ifPresent(
                value -> words.addAll(List.of("--reuid", Integer.toString(value), "--regid", Integer.toString(value),
                        "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")));
        words.addAll(List.of("--no-new-privs", "--pdeathsig", "KILL", "pasta", "--foreground", "--quiet", "--ipv4-only",
                "--config-net", "--no-map-gw", "--dns-forward", RESOLVER,
                "--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none",
                "--userns", "/proc/" + pid + "/ns/user", "--netns", "/proc/" + pid + "/ns/net"));
        return words;
    }
}
