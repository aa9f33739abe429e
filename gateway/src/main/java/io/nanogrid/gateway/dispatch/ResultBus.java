package io.nanogrid.gateway.dispatch;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Brings results of calls from the worker that ran them to whoever waits for them, and keeps each for an hour. The first result of a request
/// wins: what comes later for it is dropped. Safe for use by many threads.
public interface ResultBus {

    /// Starts to wait for a request's result; to be done before the request is sent.
    ///
    /// @throws IllegalStateException if somebody here waits for that request already
    Awaited await(String requestId);

    /// Hands over a result. While the bus can't be reached it tries again.
    ///
    /// @param replyTo the gateway that waits for it, or null if none does by name
    /// @param patience for how long to try
    /// @return whether this result is the one that is kept; false if the request had another before
    /// @throws Unreachable if patience ran out; the result may have been handed over all the same
    boolean publish(String requestId, @Nullable String replyTo, byte[] result, Duration patience)
            throws Unreachable, InterruptedException;

    /// Says that nobody wants the request's result any more. That workers hear of it isn't certain.
    void cancel(String requestId);

    /// Whether the request needn't be run, since it was cancelled or has a result. While the bus can't be reached, none is over.
    boolean over(String requestId);

    /// The right to wait for one result. Whoever has it closes it.
    interface Awaited extends AutoCloseable {

        /// Waits for the result, whether the bus can be reached or not. It stays there to be read again.
        ///
        /// @return the result, or nothing if it hasn't come in that time
        Optional<byte[]> result(Duration timeout) throws InterruptedException;

        @Override
        void close();
    }

    /// The bus couldn't be reached in time.
    final class Unreachable extends Exception {

        private static final long serialVersionUID = 1;

        public Unreachable(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
