package io.nanogrid.gateway.engine.docker;

import io.nanogrid.gateway.config.AddressRange;
import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// Where an instance with network may send packets: everywhere but to private, link-local and reserved networks, this machine, and its
/// neighbours.
final class Routes {

    private static final List<AddressRange> BLOCKED = Stream
            .of("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
                    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4")
            .map(AddressRange::parse).toList();

    private static final int TCP = 6;
    private static final int UDP = 17;

    private Routes() {
    }

    /// The shell script that sets them inside the instance's network.
    ///
    /// @param subnet the bridge's own network
    /// @param gateway the bridge's address
    /// @param own addresses of this machine
    /// @param nameServers addresses that may be asked for names, wherever they are
    /// @param allow networks that may be reached although they are blocked
    static String script(AddressRange subnet, String gateway, Set<Inet4Address> own, List<String> nameServers,
            List<AddressRange> allow) {
        String through = " via " + gateway + " dev eth0 onlink";
        List<String> commands = new ArrayList<>();
        commands.add("set -e");
        // The neighbours' network goes away, and with it the direct way to the gateway's own address.
        commands.add("ip route flush dev eth0");
        Stream.of(BLOCKED.stream(), Stream.of(subnet), own.stream().map(AddressRange::of)).flatMap(ranges -> ranges)
                .distinct()
                .filter(blocked -> allow.stream().noneMatch(allowed -> allowed.contains(blocked)))
                .forEach(blocked -> commands.add("ip route replace unreachable " + blocked));
        allow.forEach(allowed -> commands.add("ip route replace " + allowed + through));
        commands.add("ip route replace default" + through);
        if (!nameServers.isEmpty()) {
            commands.add("ip route add default" + through + " table 53");
        }
        for (String server : nameServers) {
            // As numbers: the names need /etc/protocols.
            for (int protocol : new int[]{TCP, UDP}) {
                commands.add("ip rule add to " + server + " ipproto " + protocol + " dport 53 lookup 53");
            }
        }
        return String.join("\n", commands);
    }
}
