package io.nanogrid.gateway.dispatch;

import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/// Where a worker gets its calls from. Safe for use by many threads.
public interface CallSource extends AutoCloseable {

    /// Begins to bring calls. To be called once.
    ///
    /// @param room how many calls there is room for at the moment
    /// @param taker gets each call, and mustn't block
    void start(IntSupplier room, Consumer<Arrived> taker);

    /// Says that there may be room now.
    void wake();

    /// Brings no more calls. What has arrived stays this worker's until it is ended.
    void stop();

    /// What has arrived and wasn't ended goes to others.
    @Override
    void close();

    /// A call that nobody else gets as long as this process lives. To be ended by one of `done`, `giveBack` and `putAside`.
    interface Arrived {

        /// What is known of the call before it is opened: `callId`, `requestId`, `functionId` and `replyTo`.
        RemoteCall head();

        /// How often it has arrived somewhere, this time included.
        int arrivals();

        /// The whole call.
        ///
        /// @throws IOException if the rest of it can't be had at the moment
        /// @throws MalformedMessage if it can never be
        RemoteCall open() throws IOException, MalformedMessage;

        /// It needs nothing more.
        void done();

        /// Others may have it, after a while.
        void giveBack(Duration delay);

        /// Nobody can use it: puts it where such messages are kept for people to look at.
        void putAside(String reason);
    }
}
