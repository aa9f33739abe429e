package io.nanogrid.gateway.engine.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.config.AddressRange;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RoutesTest {

    private static final AddressRange SUBNET = AddressRange.parse("172.18.0.0/16");

    @Test
    void privateAndReservedNetworksLeadNowhere() {
        assertThat(script(Set.of())).contains("unreachable 10.0.0.0/8\n", "unreachable 172.16.0.0/12\n",
                "unreachable 192.168.0.0/16\n", "unreachable 169.254.0.0/16\n", "unreachable 100.64.0.0/10\n");
    }

    @Test
    void theNeighboursLeadNowhere() {
        assertThat(script(Set.of())).contains("ip route flush dev eth0\n", "unreachable 172.18.0.0/16\n");
    }

    @Test
    void addressesOfTheMachineLeadNowhere() throws Exception {
        assertThat(script(Set.of((Inet4Address) InetAddress.getByName("203.0.113.5"))))
                .contains("unreachable 203.0.113.5/32\n");
    }

    @Test
    void anAllowedNetworkIsReached() {
        assertThat(script(Set.of(), "10.1.0.0/16")).contains("unreachable 10.0.0.0/8\n",
                "ip route replace 10.1.0.0/16 via 172.18.0.1 dev eth0 onlink\n");
    }

    @Test
    void anAllowedNetworkTakesTheBlockedOnesInsideItAlong() {
        assertThat(script(Set.of(), "10.0.0.0/7")).doesNotContain("unreachable 10.0.0.0/8");
    }

    @Test
    void nameServersAnswerQuestionsForNamesAlone() {
        assertThat(Routes.script(SUBNET, "172.18.0.1", Set.of(), List.of("192.168.1.1"), List.of()))
                .contains("ip rule add to 192.168.1.1 ipproto 17 dport 53 lookup 53", "unreachable 192.168.0.0/16");
    }

    private static String script(Set<Inet4Address> own, String... allow) {
        return Routes.script(SUBNET, "172.18.0.1", own, List.of(),
                List.of(allow).stream().map(AddressRange::parse).toList());
    }
}
