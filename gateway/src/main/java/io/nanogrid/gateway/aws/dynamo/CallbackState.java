package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.Definition;
import io.nanogrid.db.Deployment;
import io.nanogrid.db.Endpoint;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.gateway.aws.dynamo.FunctionState.Making;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// All that is stored of a callback, its function included, but for the versions.
///
/// @param live the version that is served, or null
/// @param deployments what it has served and may go back to, what it serves, and what is being built
record CallbackState(long id, Endpoint endpoint, CallbackStatus status, @Nullable Integer live,
        List<Deployed> deployments, @Nullable String chatId, Instant createdAt, Instant updatedAt,
        FunctionState function) {

    static final String PARTITION = "CB";

    /// A version at the endpoint that it is, was, or will be served at.
    ///
    /// @param at null while it is being built
    record Deployed(int version, Endpoint endpoint, @Nullable Instant at) {

        static Deployed of(Item item) {
            return new Deployed((int) item.number("version"), DefinitionItems.endpoint(item.map("endpoint")),
                    item.timeOrNull("at"));
        }

        Item item() {
            return Item.nested().set("version", version).set("endpoint", DefinitionItems.of(endpoint)).set("at", at)
                    .build();
        }
    }

    CallbackState {
        deployments = List.copyOf(deployments);
    }

    static CallbackState of(Item item) {
        return new CallbackState(item.number("id"), DefinitionItems.endpoint(item.map("endpoint")),
                CallbackStatus.valueOf(item.text("status")), item.intOrNull("live"),
                item.maps("deployments").stream().map(Deployed::of).toList(), item.textOrNull("chatId"),
                item.time("createdAt"), item.time("updatedAt"), FunctionState.of(item.map("function")));
    }

    Item item() {
        return Item.at(Key.callback(id)).set("id", id).set("endpoint", DefinitionItems.of(endpoint))
                .set("status", status.name()).set("live", live)
                .set("deployments", deployments.stream().map(Deployed::item).toList()).set("chatId", chatId)
                .set("createdAt", createdAt).set("updatedAt", updatedAt)
                .set("function", function.into(Item.nested()).build()).build();
    }

    CallbackRecord record() {
        return new CallbackRecord(id, endpoint, functionRecord(), status,
                liveDeployment().map(this::deployment).orElse(null), chatId, createdAt, updatedAt);
    }

    FunctionRecord functionRecord() {
        return function.record(id);
    }

    Optional<Deployed> liveDeployment() {
        return deployments.stream().filter(deployed -> live != null && deployed.version() == live).findFirst();
    }

    private Deployment deployment(Deployed deployed) {
        Instant at = deployed.at();
        if (at == null) {
            throw new IllegalStateException("version " + deployed.version() + " of callback " + id + " isn't live");
        }
        return new Deployment(id, deployed.version(), deployed.endpoint(), at);
    }

    /// What was served before what is live.
    Optional<Deployment> previous() {
        Instant since = liveDeployment().map(Deployed::at).orElse(null);
        if (since == null) {
            return Optional.empty();
        }
        return deployments.stream().filter(deployed -> deployed.at() != null).map(this::deployment)
                .filter(deployment -> deployment.deployedAt().isBefore(since))
                .max(Comparator.comparing(Deployment::deployedAt));
    }

    /// A path and a method, as one callback has it to itself.
    record Route(String routeKey, String method) {

        static Route of(Endpoint endpoint) {
            return new Route(endpoint.routeKey(), endpoint.method());
        }

        Key key() {
            return Key.route(routeKey, method);
        }
    }

    /// As its draft, as what it is building, and as what it serves.
    Set<Route> routes() {
        Set<Route> routes = new HashSet<>();
        routes.add(Route.of(endpoint));
        liveDeployment().map(Deployed::endpoint).map(Route::of).ifPresent(routes::add);
        deployments.stream().filter(deployed -> deployed.at() == null).map(Deployed::endpoint).map(Route::of)
                .forEach(routes::add);
        return routes;
    }

    CallbackState drafted(Endpoint newEndpoint, @Nullable String newChatId, String name, Definition draft,
            Instant now) {
        return new CallbackState(id, newEndpoint, status, live, deployments, newChatId, createdAt, now,
                function.drafted(name, null, draft, now));
    }

    CallbackState with(CallbackStatus newStatus, @Nullable Making making, Instant now) {
        return new CallbackState(id, endpoint, newStatus, live, deployments, chatId, createdAt, now,
                function.made(making));
    }

    CallbackState begun(int number, Making making, Instant now) {
        List<Deployed> more = new ArrayList<>(deployments.stream().filter(deployed -> deployed.at() != null).toList());
        more.add(new Deployed(number, endpoint, null));
        return new CallbackState(id, endpoint, CallbackStatus.BUILD, live, more, chatId, createdAt, now,
                function.begun(number, making));
    }

    /// The times of a callback's deployments always grow, though a clock may go back: they are the order in which it served them.
    CallbackState serving(int version, Definition definition, Instant now) {
        Instant last = deployments.stream().map(Deployed::at)
                .reduce(null, (one, other) -> one == null || other != null && other.isAfter(one) ? other : one);
        Instant at = last == null || now.isAfter(last) ? now : last.plus(1, ChronoUnit.MICROS);
        List<Deployed> changed = deployments.stream().map(deployed -> deployed.version() == version
                ? new Deployed(version, deployed.endpoint(), at)
                : deployed).toList();
        return new CallbackState(id, endpoint, CallbackStatus.DEPLOYED, version, changed, chatId, createdAt, now,
                function.running(version, definition).ended(null));
    }

    /// Without what is being built, if anything is.
    CallbackState notBuilding(Instant now) {
        CallbackStatus then = status == CallbackStatus.BUILD ? record().withoutBuild() : status;
        return new CallbackState(id, endpoint, then, live,
                deployments.stream().filter(deployed -> deployed.at() != null).toList(), chatId, createdAt, now,
                function.ended(null));
    }

    CallbackState undeployed(Instant now) {
        return new CallbackState(id, endpoint, CallbackStatus.UNDEPLOYED, null, deployments, chatId, createdAt, now,
                function.running(null, null));
    }

    CallbackState without(Set<Integer> versions) {
        return new CallbackState(id, endpoint, status, live,
                deployments.stream().filter(deployed -> !versions.contains(deployed.version())).toList(), chatId,
                createdAt, updatedAt, function);
    }
}
