package io.nanogrid.gateway.deploy;

import io.nanogrid.db.Endpoint;
import io.nanogrid.db.LiveRoute;
import io.nanogrid.gateway.dispatch.Route;
import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.routes.RoutePath;
import io.nanogrid.gateway.routes.RouteTable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What is being served, in memory. Readers take a whole table and are never disturbed; writers make a new one.
///
/// Safe for use by many threads. Its monitor guards the map and the listener; the table is published by the volatile field.
public final class LiveRoutes {

    private final Map<Long, RouteTable.Route<Route>> byCallback = new HashMap<>();
    private volatile RouteTable<Route> table = RouteTable.of(List.of());
    private Consumer<Set<String>> listener = _ -> {
    };

    public RouteTable<Route> table() {
        return table;
    }

    static RouteTable.Route<Route> route(LiveRoute live, FunctionVersion version) {
        Endpoint endpoint = live.deployment().endpoint();
        RoutePath path = RoutePath.parse(endpoint.path());
        Route target = new Route(live.deployment().callbackId(), path.text(), version,
                live.version().definition().payload(), endpoint.auth(), endpoint.rateLimit());
        return new RouteTable.Route<>(path, endpoint.method(), target);
    }

    /// What names the libraries of all that is served.
    synchronized Set<String> dependencyKeys() {
        return byCallback.values().stream().map(route -> route.target().version().dependencies())
                .filter(Objects::nonNull).map(DependencyLayer::key).collect(Collectors.toSet());
    }

    /// Many at once, as at the start.
    synchronized void putAll(Map<Long, RouteTable.Route<Route>> routes) {
        byCallback.putAll(routes);
        publish();
    }

    /// @return what the callback served before, if anything
    synchronized FunctionVersion.@Nullable Key put(long callbackId, RouteTable.Route<Route> route) {
        RouteTable.Route<Route> before = byCallback.put(callbackId, route);
        publish();
        return before == null ? null : before.target().version().key();
    }

    /// @return what the callback served until now, if anything
    synchronized FunctionVersion.@Nullable Key remove(long callbackId) {
        RouteTable.Route<Route> before = byCallback.remove(callbackId);
        publish();
        return before == null ? null : before.target().version().key();
    }

    /// @param templates is told after each change which templates are served; must be quick
    public synchronized void listen(Consumer<Set<String>> templates) {
        listener = templates;
    }

    private void publish() {
        table = RouteTable.of(byCallback.values());
        listener.accept(byCallback.values().stream().map(route -> route.target().template())
                .collect(Collectors.toSet()));
    }
}
