package io.nanogrid.gateway.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionStatus;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/// What calls of functions ended as, and where their time went. Safe for use by many threads, and without a lock.
public final class CallMetrics {

    private final Map<ExecutionStatus, Counter> outcomes = new EnumMap<>(ExecutionStatus.class);
    private final Timer queue;
    private final Timer init;
    private final Timer run;

    CallMetrics(MeterRegistry registry) {
        for (ExecutionStatus status : ExecutionStatus.values()) {
            outcomes.put(status,
                    Counter.builder("nanogrid.invocations").description("Calls of functions by what they ended as")
                            .tag("outcome", status.name().toLowerCase(Locale.ROOT)).register(registry));
        }
        queue = Buckets.timer(registry, "nanogrid.queue.wait",
                "Time that calls waited for an instance, without its start");
        init = Buckets.timer(registry, "nanogrid.init",
                "Time that cold calls waited for their instance to start and load");
        run = Buckets.timer(registry, "nanogrid.run", "Time from the sent event to the received answer");
    }

    public void ended(ExecutionRecord call) {
        Counter outcome = outcomes.get(call.status());
        if (outcome != null) {
            outcome.increment();
        }
        queue.record(call.queue());
        if (!call.init().isZero()) {
            init.record(call.init());
        }
        if (!call.run().isZero()) {
            run.record(call.run());
        }
    }
}
