package io.nanogrid.gateway.deploy;

import io.nanogrid.db.Deployment;
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

    private final Map<Long, Served> byCallback = new HashMap<>();
    private volatile RouteTable<Route> table = RouteTable.of(List.of());
    private Consumer<Set<String>> listener = _ -> {
    };

    /// What a callback serves, and where it leads.
    record Served(Deployment deployment, RouteTable.Route<Route> route) {

        FunctionVersion version() {
            return route.target().version();
        }
    }

    public RouteTable<Route> table() {
        return table;
    }

    static Served served(LiveRoute live, FunctionVersion version) {
        Endpoint endpoint = live.deployment().endpoint();
        RoutePath path = RoutePath.parse(endpoint.path());
        Route target = new Route(live.deployment().callbackId(), path.text(), version,
                live.version().definition().payload(), endpoint.auth(), endpoint.rateLimit());
        return new Served(live.deployment(), new RouteTable.Route<>(path, endpoint.method(), target));
    }

    /// Whether this is what its callback serves here.
    synchronized boolean serves(Deployment deployment) {
        Served served = byCallback.get(deployment.callbackId());
        return served != null && served.deployment().version() == deployment.version()
                && served.deployment().endpoint().equals(deployment.endpoint());
    }

    /// The callbacks that serve something here.
    synchronized Set<Long> callbacks() {
        return Set.copyOf(byCallback.keySet());
    }

    /// What names the libraries of all that is served.
    synchronized Set<String> dependencyKeys() {
        return byCallback.values().stream().map(served -> served.version().dependencies())
                .filter(Objects::nonNull).map(DependencyLayer::key).collect(Collectors.toSet());
    }

    /// Many at once, as at the start.
    synchronized void putAll(List<Served> all) {
        all.forEach(served -> byCallback.put(served.deployment().callbackId(), served));
        publish();
    }

    /// @return what the callback served before, if anything
    synchronized FunctionVersion.@Nullable Key put(Served served) {
        Served before = byCallback.put(served.deployment().callbackId(), served);
        publish();
        return before == null ? null : before.version().key();
    }

    /// @return what the callback served until now, if anything
    synchronized FunctionVersion.@Nullable Key remove(long callbackId) {
        Served before = byCallback.remove(callbackId);
        publish();
        return before == null ? null : before.version().key();
    }

    /// @param templates is told after each change which templates are served; must be quick
    public synchronized void listen(Consumer<Set<String>> templates) {
        listener = templates;
    }

    private void publish() {
        table = RouteTable.of(byCallback.values().stream().map(Served::route).toList());
        listener.accept(byCallback.values().stream().map(served -> served.route().target().template())
                .collect(Collectors.toSet()));
    }
}
