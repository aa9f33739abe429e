package io.nanogrid.gateway.aws.dynamo;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Who writes, and when.
///
/// @param gateway the id of this gateway or worker
record Clock(InstantSource source, String gateway) {

    /// The last place that this process has given: what is stored in one moment has places of its own.
    private static final AtomicLong LAST_PLACE = new AtomicLong();

    /// To the microsecond, as it is stored.
    Instant now() {
        return source.instant().truncatedTo(ChronoUnit.MICROS);
    }

    /// A place in a list, which grows with time.
    static long nextPlace(Instant now) {
        return LAST_PLACE.accumulateAndGet(Item.micros(now), (last, micros) -> Math.max(last + 1, micros));
    }
}
