package io.nanogrid.gateway.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.LongStream;

/// The buckets that all times are counted in: from 0.5 ms, where a warm call stands, to the 60 s at which clients mostly give up.
final class Buckets {

    private static final Duration[] BOUNDS = LongStream.of(500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000,
            250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000)
            .mapToObj(micros -> Duration.ofNanos(micros * 1_000)).toArray(Duration[]::new);

    private Buckets() {
    }

    /// @param name with dots; `_seconds` is added to it
    /// @param tags name, value, name, value…
    static Timer timer(MeterRegistry registry, String name, String help, String... tags) {
        return Timer.builder(name).description(help).tags(tags)
                .serviceLevelObjectives(Arrays.copyOf(BOUNDS, BOUNDS.length))
                .register(registry);
    }
}
