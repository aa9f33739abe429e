package io.nanogrid.gateway.pool;

import org.jspecify.annotations.Nullable;

/// Where an instance is in its life. Each state offers the transitions that are legal from it, and no other.
///
/// `Starting → Stem → Idle ⇄ Busy → Draining → Dead`, and from any of them to `Draining` when something is wrong.
sealed interface InstanceState {

    /// Its process has been asked for; it hasn't greeted yet.
    record Starting() implements InstanceState {
        Stem greeted() {
            return new Stem();
        }
    }

    /// Its language runtime is up, and it has no function yet.
    record Stem() implements InstanceState {
        /// It has loaded a function and is already promised to the first caller.
        Busy specialized(long now) {
            return new Busy(now, Long.MAX_VALUE);
        }
    }

    /// @param sinceNanos when it became idle, by [System#nanoTime]
    record Idle(long sinceNanos) implements InstanceState {
        Busy taken(long now) {
            return new Busy(now, Long.MAX_VALUE);
        }
    }

    /// @param deadlineNanos when its call is to be ended by force, by [System#nanoTime]; the maximum while there is no call yet
    record Busy(long sinceNanos, long deadlineNanos) implements InstanceState {
        Busy calling(long deadline) {
            return new Busy(sinceNanos, deadline);
        }

        Idle freed(long now) {
            return new Idle(now);
        }

        /// From one caller straight to the next one that waits.
        Busy handedOver(long now) {
            return new Busy(now, Long.MAX_VALUE);
        }
    }

    /// It is being destroyed and takes no further call.
    record Draining(Cause cause) implements InstanceState {
        Dead gone() {
            return new Dead(cause);
        }
    }

    /// Nothing of it is left.
    record Dead(Cause cause) implements InstanceState {
    }

    /// Why an instance ended.
    enum Cause {
        /// Not used for a while, evicted for memory, or its version has been replaced.
        RETIRED,
        /// Its call passed the deadline.
        TIMED_OUT,
        /// It ended by itself, was killed, or broke the protocol.
        BROKEN,
        /// Threads or processes of the function were still running after its answer.
        BUSY_AFTER_ANSWER
    }

    default Draining draining(Cause cause) {
        return switch (this) {
            case Draining already -> already;
            case Dead dead -> new Draining(dead.cause());
            case Starting _, Stem _, Idle _, Busy _ -> new Draining(cause);
        };
    }

    /// The cause of its end, once there is one.
    default @Nullable Cause cause() {
        return switch (this) {
            case Draining(Cause cause) -> cause;
            case Dead(Cause cause) -> cause;
            case Starting _, Stem _, Idle _, Busy _ -> null;
        };
    }
}
