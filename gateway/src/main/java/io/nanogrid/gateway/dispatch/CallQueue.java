package io.nanogrid.gateway.dispatch;

/// Takes calls to workers, any of whom may run them. Safe for use by many threads.
public interface CallQueue {

    /// @throws Unreachable if the call couldn't be sent, or nobody knows whether it was
    void send(RemoteCall call) throws Unreachable, InterruptedException;

    /// The queue can't be used at the moment.
    final class Unreachable extends Exception {

        private static final long serialVersionUID = 1;

        public Unreachable(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
