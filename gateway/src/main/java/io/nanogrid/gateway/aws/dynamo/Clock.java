package io.nanogrid.gateway.aws.dynamo;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;

/// Who writes, and when.
///
/// @param gateway the id of this gateway or worker
record Clock(InstantSource source, String gateway) {

    /// To the microsecond, as it is stored.
    Instant now() {
        return source.instant().truncatedTo(ChronoUnit.MICROS);
    }
}
