package io.nanogrid.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {

    @Test
    void aRangeIsWrittenByItsFirstAddress() {
        assertThat(Cidr.of("10.9.8.7/8")).hasToString("10.0.0.0/8").isEqualTo(Cidr.of("10.0.0.0/8"));
    }

    @Test
    void anAddressIsARangeOfOne() {
        assertThat(Cidr.of("10.9.8.7")).hasToString("10.9.8.7/32");
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.999/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "10.0.0.0.0/8", "10.0.+0.0/8",
            "fd00::/8",
            "example.org", "", "10.0.0.0/", "10.0.0.0/8\nrule flush"})
    void whatIsNoRangeIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Cidr.of(text));
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.0/8, 10.1.0.0/16, true", "10.1.0.0/16, 10.0.0.0/8, false", "10.0.0.0/8, 11.0.0.0/8, false",
            "0.0.0.0/0, 203.0.113.5/32, true"})
    void aRangeContainsWhatLiesInIt(String outer, String inner, boolean contains) {
        assertThat(Cidr.of(outer).contains(Cidr.of(inner))).isEqualTo(contains);
    }
}
