package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.wire.Bytes;
import java.time.Duration;

/// What came of asking the pool for an instance.
public sealed interface Acquired {

    /// The right to use an instance for one call.
    record Granted(Lease lease) implements Acquired {
    }

    /// All instances are busy and the queue is full, or the wait was too long.
    ///
    /// @param ownLimit whether the version's own concurrency limit is what stood in the way, and not the machine
    /// @param retryAfter when it may be worth another try
    record Full(boolean ownLimit, Duration retryAfter) implements Acquired {
    }

    /// The function's own code failed while it was loaded.
    ///
    /// @param detail the error as the bootstrap sent it: a JSON object with `errorType`, `errorMessage` and `stackTrace`
    /// @param output what was printed while it was loaded
    record InitFailed(Bytes detail, String output) implements Acquired {
    }

    /// Its process ended, or took too long, before the function was loaded.
    ///
    /// @param message one line about what happened
    /// @param output what was printed while it was loaded
    record InitDied(String message, boolean outOfMemory, String output) implements Acquired {
    }

    /// The platform couldn't make an instance.
    record Unavailable(String message) implements Acquired {
    }
}
