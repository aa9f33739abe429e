package io.nanogrid.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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

    @ParameterizedTest
    @CsvSource({"10.0.0.0/8,10.1.0.0/16,true", "10.1.0.0/16,10.0.0.0/8,false", "10.0.0.0/8,11.0.0.0/8,false",
            "10.0.0.0/8,10.0.0.0/8,true", "0.0.0.0/0,203.0.113.5,true", "0.0.0.0/0,fd00::/8,false",
            "fd00::/8,fd12::/16,true"})
    void aRangeContainsTheRangesThatLieInIt(String outer, String inner, boolean contained) {
        assertThat(AddressRange.parse(outer).contains(AddressRange.parse(inner))).isEqualTo(contained);
    }

    @ParameterizedTest
    @CsvSource({"10.9.8.7/8,10.0.0.0/8", "10.9.8.7,10.9.8.7/32", "10.9.8.7/0,0.0.0.0/0", "10.9.200.7/17,10.9.128.0/17",
            "fd00::1/8,fd00:0:0:0:0:0:0:0/8", "::1,0:0:0:0:0:0:0:1/128"})
    void aRangeIsWrittenByItsFirstAddress(String range, String text) {
        assertThat(AddressRange.parse(range)).hasToString(text).isEqualTo(AddressRange.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/8", "10", "10.1/16", "10.0.0/8", "10.0.0.0.0/8", "10.0.0.999/8", "10.0.+0.0/8",
            "010.0.0.0/8", "0x0a.0.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/33", "10.0.0.0/x",
            "10.0.0.0/8/8", "10.0.0.0 /8", "10.0.0.0/8\nrule flush", "example.org", "+8", "fd00::/129", "fd00::/+8",
            "fd00::/", ":/8", "[::1]", "fe80::1%eth0", "12345::"})
    void whatIsNoRangeIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> AddressRange.parse(text));
    }
}
