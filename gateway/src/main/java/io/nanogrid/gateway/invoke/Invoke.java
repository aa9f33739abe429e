package io.nanogrid.gateway.invoke;

import io.nanogrid.db.PayloadFormat;
import io.nanogrid.gateway.dispatch.Call;
import io.nanogrid.gateway.dispatch.Dispatcher;
import io.nanogrid.gateway.dispatch.Invocation;
import io.nanogrid.gateway.dispatch.Route;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.wire.Bytes;
import java.time.InstantSource;

/// Runs the function behind a route for one request, and has the call recorded. Safe for use by many threads; blocks until the answer is there.
public final class Invoke {

    private final Dispatcher dispatcher;
    private final ExecutionLog log;
    private final InstantSource clock;

    public Invoke(Dispatcher dispatcher, ExecutionLog log, InstantSource clock) {
        this.dispatcher = dispatcher;
        this.log = log;
        this.clock = clock;
    }

    public Invocation invoke(Route route, HttpCall call) throws InterruptedException {
        Bytes event = switch (route.payload()) {
            case SIMPLE -> Events.simple(call);
            case V2 -> Events.version2(call, route, clock.millis());
        };
        Invocation invocation = dispatcher.dispatch(new Call(call.requestId(), route.version(), false, null, event,
                () -> route.payload() == PayloadFormat.SIMPLE ? Events.wrapped(call) : event,
                deadline -> Meta.of(call, deadline)));
        log.add(Executions.record(route.version().key(), invocation));
        return invocation;
    }
}
