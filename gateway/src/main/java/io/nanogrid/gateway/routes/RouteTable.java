package io.nanogrid.gateway.routes;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Which target answers a method and path. Immutable: a change makes a new table. Lookups don't depend on the number of routes.
///
/// Of several paths that match, the most specific wins, segment by segment from the left: a plain segment before `{name}` before `*`.
/// A path that lacks the method gives way to a less specific one that has it.
public final class RouteTable<T> {

    /// The method of a route that takes them all.
    public static final String ANY = "ANY";
    /// What the rest of a path that `*` matched is called among the parameters.
    public static final String REST = RoutePath.REST;

    private final Node<T> root = new Node<>();

    private RouteTable() {
    }

    public record Route<T>(RoutePath path, String method, T target) {
    }

    /// What a lookup found.
    public sealed interface Match<T> {
        record Found<T>(T target, Map<String, String> parameters) implements Match<T> {
        }

        /// @param allowed the methods that the path has, sorted
        record WrongMethod<T>(Collection<String> allowed) implements Match<T> {
        }

        record NotFound<T>() implements Match<T> {
        }
    }

    /// @throws IllegalArgumentException if two routes have the same method and key
    public static <T> RouteTable<T> of(Collection<Route<T>> routes) {
        RouteTable<T> table = new RouteTable<>();
        routes.forEach(table::add);
        return table;
    }

    private void add(Route<T> route) {
        Node<T> node = root;
        List<String> names = new ArrayList<>();
        for (String segment : route.path().segments()) {
            if (segment.equals(REST)) {
                names.add(REST);
                node = node.rest = node.rest == null ? new Node<>() : node.rest;
            } else if (RoutePath.isParameter(segment)) {
                names.add(segment.substring(1, segment.length() - 1));
                node = node.parameter = node.parameter == null ? new Node<>() : node.parameter;
            } else {
                node = node.plain.computeIfAbsent(segment, _ -> new Node<>());
            }
        }
        if (node.ends.put(route.method(), new End<>(route.target(), List.copyOf(names))) != null) {
            throw new IllegalArgumentException(route.method() + " " + route.path().key() + " is there twice");
        }
    }

    /// @param rawPath as it was sent, escaped, without a leading `/`
    /// @throws IllegalArgumentException if it is a path that no client has an honest reason to send
    public Match<T> find(String method, String rawPath) {
        List<String> segments = RequestPath.segments(rawPath);
        TreeSet<String> allowed = new TreeSet<>();
        Match.Found<T> found = find(root, segments, 0, new ArrayList<>(), method, allowed);
        if (found != null) {
            return found;
        }
        return allowed.isEmpty() ? new Match.NotFound<>() : new Match.WrongMethod<>(allowed);
    }

    private static <T> Match.@Nullable Found<T> find(
            Node<T> node,
            List<String> segments,
            int at,
            List<String> values,
            String method,
            TreeSet<String> allowed) {
        if (at == segments.size()) {
            return node.end(method, values, allowed);
        }
        String segment = segments.get(at);
        Node<T> plain = node.plain.get(segment);
        Match.Found<T> found = plain == null ? null : find(plain, segments, at + 1, values, method, allowed);
        if (found == null && node.parameter != null) {
            values.add(segment);
            found = find(node.parameter, segments, at + 1, values, method, allowed);
            values.removeLast();
        }
        if (found == null && node.rest != null) {
            values.add(String.join("/", segments.subList(at, segments.size())));
            found = node.rest.end(method, values, allowed);
            values.removeLast();
        }
        return found;
    }

    private record End<T>(T target, List<String> names) {
    }

    private static final class Node<T> {
        final Map<String, Node<T>> plain = new HashMap<>();
        final Map<String, End<T>> ends = new TreeMap<>();
        @Nullable
        Node<T> parameter;
        @Nullable
        Node<T> rest;

        Match.@Nullable Found<T> end(String method, List<String> values, TreeSet<String> allowed) {
            End<T> end = ends.get(method);
            if (end == null && method.equals("HEAD")) {
                end = ends.get("GET");
            }
            if (end == null) {
                end = ends.get(ANY);
            }
            if (end == null) {
                allowed.addAll(ends.keySet());
                if (ends.containsKey("GET")) {
                    allowed.add("HEAD");
                }
                return null;
            }
            if (values.isEmpty()) {
                return new Match.Found<>(end.target, Map.of());
            }
            Map<String, String> parameters = new HashMap<>();
            for (int i = 0; i < values.size(); i++) {
                parameters.put(end.names.get(i), values.get(i));
            }
            return new Match.Found<>(end.target, parameters);
        }
    }
}
