package io.nanogrid.db;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/// A path and method under `/api/`, bound to a function.
///
/// @param id counts from 1001, and is never given twice
/// @param endpoint the draft; what is being served is in `live`
/// @param live null while nothing is being served
public record CallbackRecord(long id, Endpoint endpoint, FunctionRecord function, CallbackStatus status,
        @Nullable Deployment live, @Nullable String chatId, Instant createdAt, Instant updatedAt) {

    /// The present draft, to be changed and given to {@link CallbackRepository#update}.
    public CallbackDraft draft() {
        return new CallbackDraft(function.name(), endpoint, function.draft(), chatId);
    }

    /// For whoever stores another status.
    ///
    /// @throws IllegalArgumentException where that would contradict whether something is live
    public void requireFits(CallbackStatus other) {
        boolean fits = switch (other) {
            case BUILD -> true;
            case DEPLOYED -> live != null;
            case PENDING, NOT_DEPLOYED, UNDEPLOYED, FAILED -> live == null;
        };
        if (!fits) {
            throw new IllegalArgumentException("callback %d can't be '%s' while %s is live".formatted(id,
                    other.wireName(), live == null ? "nothing" : "a version"));
        }
    }

    /// The status of a callback whose build came to nothing.
    public CallbackStatus withoutBuild() {
        return live == null ? CallbackStatus.FAILED : CallbackStatus.DEPLOYED;
    }
}
