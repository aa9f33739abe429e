package io.nanogrid.gateway.routes;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.routes.RouteTable.Match;
import io.nanogrid.gateway.routes.RouteTable.Route;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// Few words and few methods, so that routes collide, shadow each other and lead into dead ends.
class RouteTablePropertyTest {

    @Property(tries = 2000)
    void theTableFindsWhatTryingEveryRouteFinds(@ForAll("routes") List<Route<String>> routes,
            @ForAll("methods") String method,
            @ForAll("paths") String path) {
        assertThat(shown(RouteTable.of(routes).find(method, path))).isEqualTo(shown(tryEvery(routes, method, path)));
    }

    @Property(tries = 1000)
    void theOrderOfRegistrationMakesNoDifference(@ForAll("routes") List<Route<String>> routes,
            @ForAll("methods") String method,
            @ForAll("paths") String path, @ForAll Random random) {
        List<Route<String>> shuffled = new ArrayList<>(routes);
        Collections.shuffle(shuffled, random);
        assertThat(shown(RouteTable.of(shuffled).find(method, path)))
                .isEqualTo(shown(RouteTable.of(routes).find(method, path)));
    }

    @Property(tries = 2000)
    void anyPathIsAnsweredOrRefusedAsOne(@ForAll String path) {
        try {
            assertThat(RouteTableTest.table("GET *").find("GET", path)).isInstanceOf(Match.Found.class);
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage()).startsWith("the path");
        }
    }

    /// The reference: sorts the matching routes by how specific they are, and takes the first that has the method.
    private static Match<String> tryEvery(List<Route<String>> routes, String method, String path) {
        List<String> segments = List.of(path.split("/"));
        List<Route<String>> matching = routes.stream().filter(route -> matches(route.path().segments(), segments))
                .sorted(Comparator.comparing((Route<String> route) -> rank(route.path().segments()))
                        .thenComparing(route -> preference(route.method(), method)))
                .toList();
        for (Route<String> route : matching) {
            if (preference(route.method(), method) < 3) {
                return new Match.Found<>(route.target(), parameters(route.path().segments(), segments));
            }
        }
        TreeSet<String> allowed = new TreeSet<>(matching.stream().map(Route::method).toList());
        if (allowed.contains("GET")) {
            allowed.add("HEAD");
        }
        return allowed.isEmpty() ? new Match.NotFound<>() : new Match.WrongMethod<>(allowed);
    }

    private static int preference(String has, String wanted) {
        return has.equals(wanted) ? 0 : has.equals("GET") && wanted.equals("HEAD") ? 1 : has.equals("ANY") ? 2 : 3;
    }

    private static boolean matches(List<String> route, List<String> path) {
        boolean open = route.getLast().equals("*");
        if (open ? path.size() < route.size() : path.size() != route.size()) {
            return false;
        }
        for (int i = 0; i < route.size(); i++) {
            String segment = route.get(i);
            if (!segment.equals("*") && !segment.startsWith("{") && !segment.equals(path.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static String rank(List<String> route) {
        StringBuilder rank = new StringBuilder();
        route.forEach(segment -> rank.append(segment.equals("*") ? '3' : segment.startsWith("{") ? '2' : '1'));
        return rank.toString();
    }

    private static Map<String, String> parameters(List<String> route, List<String> path) {
        Map<String, String> parameters = new HashMap<>();
        for (int i = 0; i < route.size(); i++) {
            if (route.get(i).equals("*")) {
                parameters.put("*", String.join("/", path.subList(i, path.size())));
            } else if (route.get(i).startsWith("{")) {
                parameters.put(route.get(i).substring(1, route.get(i).length() - 1), path.get(i));
            }
        }
        return parameters;
    }

    /// As text, as the collection of a [Match.WrongMethod] has no equality that is promised.
    private static String shown(Match<String> match) {
        return switch (match) {
            case Match.Found<String>(String target, Map<String, String> parameters) ->
                target + new TreeMap<>(parameters);
            case Match.WrongMethod<String>(var allowed) -> "wrong method, there are " + allowed;
            case Match.NotFound<String>() -> "not found";
        };
    }

    @Provide
    Arbitrary<List<Route<String>>> routes() {
        Arbitrary<String> path = Combinators.combine(
                Arbitraries.of("a", "b", "{x}", "{y}").list().ofMinSize(0).ofMaxSize(3),
                Arbitraries.of("", "*", "c", "{z}"))
                .as((segments, last) -> {
                    List<String> all = new ArrayList<>(segments.stream().distinct().toList());
                    if (!last.isEmpty() || all.isEmpty()) {
                        all.add(last.isEmpty() ? "a" : last);
                    }
                    return String.join("/", all);
                });
        return Combinators.combine(path, Arbitraries.of("GET", "POST", "ANY"))
                .as((text, method) -> RouteTableTest.route(method + " " + text))
                .list().ofMaxSize(12).uniqueElements(route -> route.method() + " " + route.path().key());
    }

    @Provide
    Arbitrary<String> methods() {
        return Arbitraries.of("GET", "HEAD", "POST", "DELETE");
    }

    @Provide
    Arbitrary<String> paths() {
        return Arbitraries.of("a", "b", "c", "d").list().ofMinSize(1).ofMaxSize(5)
                .map(segments -> String.join("/", segments));
    }
}
