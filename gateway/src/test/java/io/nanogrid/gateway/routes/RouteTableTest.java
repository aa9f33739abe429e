package io.nanogrid.gateway.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.nanogrid.gateway.routes.RouteTable.Match;
import io.nanogrid.gateway.routes.RouteTable.Route;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RouteTableTest {

    @Test
    void aRouteIsFoundByMethodAndPath() {
        assertThat(table("GET hello", "POST hello").find("POST", "hello")).isEqualTo(found("POST hello"));
    }

    @Test
    void anEmptyTableFindsNothing() {
        assertThat(table().find("GET", "hello")).isEqualTo(new Match.NotFound<>());
    }

    @Test
    void aPathWithinARouteIsNotFound() {
        assertThat(table("GET a/b/c").find("GET", "a/b")).isEqualTo(new Match.NotFound<>());
    }

    @Test
    void aTrailingSlashMakesNoDifference() {
        assertThat(table("GET a").find("GET", "a/")).isEqualTo(found("GET a"));
    }

    @Test
    void theCaseOfAPathMakesADifference() {
        assertThat(table("GET a").find("GET", "A")).isEqualTo(new Match.NotFound<>());
    }

    @ParameterizedTest
    @CsvSource({"x/y,GET x/y", "x/z,GET x/{b}", "w/y,GET {a}/y", "w/z,GET {a}/{b}", "x/y/z,GET x/*", "w/y/z,GET *",
            "w,GET *"})
    void theMostSpecificPathWinsSegmentBySegment(String path, String route) {
        Match<String> match = table("GET *", "GET {a}/{b}", "GET {a}/y", "GET x/*", "GET x/{b}", "GET x/y").find("GET",
                path);
        assertThat(match).isInstanceOfSatisfying(Match.Found.class, f -> assertThat(f.target()).isEqualTo(route));
    }

    @Test
    void aPlainSegmentThatLeadsNowhereGivesWayToAParameter() {
        assertThat(table("GET a/b/c", "GET {x}/b/d").find("GET", "a/b/d"))
                .isEqualTo(new Match.Found<>("GET {x}/b/d", Map.of("x", "a")));
    }

    @Test
    void whatAFailedTryMatchedIsNoParameter() {
        assertThat(table("GET {x}/{y}/z", "GET *").find("GET", "a/b/c"))
                .isEqualTo(new Match.Found<>("GET *", Map.of("*", "a/b/c")));
    }

    @Test
    void eachMethodHasParameterNamesOfItsOwn() {
        RouteTable<String> table = table("GET users/{id}", "PUT users/{name}");
        assertThat(table.find("GET", "users/7")).isEqualTo(new Match.Found<>("GET users/{id}", Map.of("id", "7")));
        assertThat(table.find("PUT", "users/7")).isEqualTo(new Match.Found<>("PUT users/{name}", Map.of("name", "7")));
    }

    @Test
    void theRestIsAtLeastOneSegment() {
        assertThat(table("GET a/*").find("GET", "a")).isEqualTo(new Match.NotFound<>());
    }

    @Test
    void parametersAreUnescaped() {
        assertThat(table("GET {name}").find("GET", "gr%C3%BC%C3%9Fe%20%F0%9F%9A%80%2B+"))
                .isEqualTo(new Match.Found<>("GET {name}", Map.of("name", "grüße 🚀++")));
    }

    @Test
    void aCharacterBeyondTheBasicPlaneSurvivesBesideAnEscape() {
        assertThat(table("GET {name}").find("GET", "🚀%20"))
                .isEqualTo(new Match.Found<>("GET {name}", Map.of("name", "🚀 ")));
    }

    @Test
    void anEscapedPlainSegmentIsStillThatSegment() {
        assertThat(table("GET hello").find("GET", "h%65llo")).isEqualTo(found("GET hello"));
    }

    @Test
    void nothingIsUnescapedTwice() {
        assertThat(table("GET {name}").find("GET", "%252e%252e"))
                .isEqualTo(new Match.Found<>("GET {name}", Map.of("name", "%2e%2e")));
    }

    @Test
    void bracesAndStarsInARequestArePlain() {
        RouteTable<String> table = table("GET users/{id}");
        assertThat(table.find("GET", "users/{id}"))
                .isEqualTo(new Match.Found<>("GET users/{id}", Map.of("id", "{id}")));
        assertThat(table.find("GET", "*/7")).isEqualTo(new Match.NotFound<>());
    }

    @Test
    void headIsAnsweredByGet() {
        assertThat(table("GET a").find("HEAD", "a")).isEqualTo(found("GET a"));
    }

    @Test
    void anyAnswersEveryMethodThatHasNoRouteOfItsOwn() {
        RouteTable<String> table = table("ANY a", "POST a");
        assertThat(table.find("DELETE", "a")).isEqualTo(found("ANY a"));
        assertThat(table.find("POST", "a")).isEqualTo(found("POST a"));
    }

    @Test
    void getAnswersHeadBeforeAnyDoes() {
        assertThat(table("ANY a", "GET a").find("HEAD", "a")).isEqualTo(found("GET a"));
    }

    @Test
    void aMissingMethodGivesWayToALessSpecificPathThatHasIt() {
        assertThat(table("GET a/b", "POST a/{x}").find("POST", "a/b"))
                .isEqualTo(new Match.Found<>("POST a/{x}", Map.of("x", "b")));
    }

    @Test
    void aPathWithoutTheMethodTellsAllThatItHas() {
        Match<String> match = table("GET a/b", "POST a/{x}", "PUT *", "PUT other").find("DELETE", "a/b");
        assertThat(match).isInstanceOfSatisfying(Match.WrongMethod.class,
                wrong -> assertThat(List.copyOf(wrong.allowed())).isEqualTo(List.of("GET", "HEAD", "POST", "PUT")));
    }

    @Test
    void twoRoutesOfOneMethodAndKeyAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> table("GET a/{x}", "GET a/{y}"))
                .withMessageContaining("GET a/{}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "//", "a//b", "//a", "a//", "..", "../a", "a/..", "a/../b", ".", "a/./b",
            "%2e%2e/a",
            "%2E%2e", "a/%2e", ".%2e/a", "a%2fb", "a%2Fb", "..%2f", "a%5cb", "a%5C", "a\\b", "a%00", "%00", "a%0d%0ab",
            "a%7f", "a;b",
            "a;jsessionid=1", "a%3bb", "%", "a%", "a%2", "%zz", "%2", "%-1", "%+1", "% 1", "%\uff14\uff11", "%c0%af",
            "%c0%ae%c0%ae",
            "%e0%80%af", "%ff", "%ed%a0%80", "%f4%90%80%80", "%c3"})
    void aPathThatNobodyHonestSendsIsRefusedWhateverTheRoutes(String path) {
        RouteTable<String> table = table("GET *", "GET a", "GET a/b", "GET {x}");
        assertThatIllegalArgumentException().isThrownBy(() -> table.find("GET", path)).withMessageContaining("path");
    }

    @Test
    void tenThousandSegmentsAreRefused() {
        RouteTable<String> table = table("GET *");
        assertThatIllegalArgumentException().isThrownBy(() -> table.find("GET", "a/".repeat(10_000)))
                .withMessageContaining("segments");
    }

    @Test
    void aLongSegmentIsJustASegment() {
        assertThat(table("GET {x}").find("GET", "a".repeat(100_000))).isInstanceOf(Match.Found.class);
    }

    private static Match<String> found(String target) {
        return new Match.Found<>(target, Map.of());
    }

    /// Each route's target is the text that it is made from.
    static RouteTable<String> table(String... routes) {
        return RouteTable.of(Arrays.stream(routes).map(RouteTableTest::route).toList());
    }

    static Route<String> route(String text) {
        int space = text.indexOf(' ');
        return new Route<>(RoutePath.parse(text.substring(space + 1)), text.substring(0, space), text);
    }
}
