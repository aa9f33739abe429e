package io.nanogrid.db;

import java.time.Instant;

/// Calls that a retry must not make again. Safe for any number of threads.
///
/// There is a bound to how many calls are kept, and one to how long their answers are together. Beyond the first the oldest calls are forgotten
/// that don't run, beyond the second the oldest answers; each time of the caller who keeps the most.
public interface IdempotencyRepository {

    /// What a call that bears a key is to do.
    sealed interface Claim {
        /// The first call of this key: make it, and then {@link IdempotencyRepository#finish}, {@link IdempotencyRepository#release} or
        /// {@link IdempotencyRepository#giveUp} it.
        record Fresh() implements Claim {
        }

        /// The key was used with another body.
        record Conflict() implements Claim {
        }

        /// The first call hasn't ended yet.
        record Running() implements Claim {
        }

        /// The gateway died or failed during the first call, so that nobody knows what it did.
        record Unknown() implements Claim {
        }

        /// The first call has ended, and its answer isn't kept any more.
        record Dropped() implements Claim {
        }

        /// The first call's answer.
        record Finished(byte[] response) implements Claim {
        }
    }

    /// One of any number of calls that claim a key at once is `Fresh`.
    ///
    /// @param bodyHash tells bodies apart
    /// @param expires from when on the key is as if it had never been used; a call that still runs then is waited for
    Claim claim(IdempotencyKey key, byte[] bodyHash, Instant expires);

    /// Keeps the answer of a call that was `Fresh`. Does nothing where none is running.
    void finish(IdempotencyKey key, byte[] response);

    /// Forgets a call that was `Fresh`, so that a retry makes it again. Does nothing where none is running.
    void release(IdempotencyKey key);

    /// Makes a call that was `Fresh` `Unknown`. Does nothing where none is running.
    void giveUp(IdempotencyKey key);

    /// Makes what a gateway that died left running `Unknown`. To be called before the first claim of a process, by it alone.
    ///
    /// @return how many
    int recover();

    /// In small transactions so that other writers get their turn in between.
    ///
    /// @return how many
    int deleteExpired(Instant now);
}
