package io.nanogrid.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressRangeTest {

    @ParameterizedTest
    @CsvSource({"10.1.0.0/16,10.1.255.1,true", "10.1.0.0/16,10.2.0.1,false", "10.1.2.3,10.1.2.3,true",
            "10.1.2.3,10.1.2.2,false", "10.1.128.0/17,10.1.129.1,true", "10.1.128.0/17,10.1.127.1,false",
            "0.0.0.0/0,203.0.113.9,true", "0.0.0.0/0,::1,false", "fd00::/8,fdff::1,true", "fd00::/8,fc00::1,false",
            "2001:db8:0:8000::/49,2001:db8:0:9000::1,true", "2001:db8:0:8000::/49,2001:db8:0:7000::1,false",
            "127.0.0.1,::ffff:127.0.0.1,true"})
    void aRangeContainsTheAddressesThatBeginLikeIt(String range, String address, boolean contained) {
        assertThat(AddressRange.parse(range).contains(InetAddress.ofLiteral(address))).isEqualTo(contained);
    }
}
