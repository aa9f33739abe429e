package io.nanogrid.gateway.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoutePathTest {

    @ParameterizedTest
    @CsvSource({"hello,hello", "/hello,hello", "hello/,hello", "/a/b/,a/b", "users/{id},users/{id}", "files/*,files/*",
            "*,*", "a-b_c.d~e,a-b_c.d~e", "grüße/世界,grüße/世界", "me@home:1,me@home:1"})
    void aPlainPathIsTakenWithoutItsOuterSlashes(String text, String path) {
        assertThat(RoutePath.parse(text).text()).isEqualTo(path);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "//", "a//b", "//a", "a//", ".", "..", "a/../b", "a/./b", "*/a", "a*", "**", "{}",
            "{1}",
            "{a", "a}", "{a b}", "{a}{b}", "x{a}", "{id}/{id}", "{*}", "a b", "a%20b", "a\\b", "a?b", "a#b", "a;b",
            "a\u0000", "a\n",
            "<a>", "\"", "functions", "functions/x", "/functions/{id}"})
    void whatCanBeNoPathIsRefusedWithAReason(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> RoutePath.parse(text)).withMessageMatching("(?s).{10,}");
    }

    @Test
    void aPathHasAtMost512Characters() {
        RoutePath.parse("a".repeat(512));
        assertThatIllegalArgumentException().isThrownBy(() -> RoutePath.parse("a".repeat(513)))
                .withMessageContaining("512");
    }

    @Test
    void aPathHasAtMost32Segments() {
        RoutePath.parse("a/".repeat(32));
        assertThatIllegalArgumentException().isThrownBy(() -> RoutePath.parse("a/".repeat(33)))
                .withMessageContaining("32");
    }

    @Test
    void onlyAFirstSegmentCanBeReserved() {
        assertThat(RoutePath.parse("a/functions").text()).isEqualTo("a/functions");
    }

    @Test
    void pathsThatMatchTheSameRequestsHaveTheSameKey() {
        assertThat(RoutePath.parse("/users/{id}/*").key()).isEqualTo(RoutePath.parse("users/{name}/*").key());
    }

    @Test
    void aParameterAndAPlainSegmentHaveDifferentKeys() {
        assertThat(RoutePath.parse("users/{id}").key()).isNotEqualTo(RoutePath.parse("users/id").key());
    }
}
