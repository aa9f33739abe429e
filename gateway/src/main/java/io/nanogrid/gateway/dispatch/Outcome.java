package io.nanogrid.gateway.dispatch;

import io.nanogrid.gateway.wire.Bytes;
import java.time.Duration;

/// What a call ended as. The function's faults and the platform's are different cases, always.
public sealed interface Outcome {

    /// What the original's workers call it: `SUCCESS`, `FAILED` or `TIMEOUT`.
    default String status() {
        return switch (this) {
            case Value _,Response _ -> "SUCCESS";
            case TimedOut _ -> "TIMEOUT";
            case FunctionError _,BadResult _,Exited _,OutOfMemory _,Violated _,InitFailed _,InitDied _,Full _,Unavailable _ ->
                "FAILED";
        };
    }

    /// As of a process that ended so, by the habits of shells: 124 at a deadline, 137 for one that was killed for its memory.
    default int exitCode() {
        return switch (this) {
            case Value _,Response _ -> 0;
            case TimedOut _ -> 124;
            case OutOfMemory _ -> 137;
            case InitDied(_, boolean outOfMemory) -> outOfMemory ? 137 : 1;
            case Exited(int code) -> code;
            case FunctionError _,BadResult _,Violated _,InitFailed _,Full _,Unavailable _ -> 1;
        };
    }

    /// The function returned a value: its JSON text.
    record Value(Bytes json) implements Outcome {
    }

    /// The function returned an HTTP response.
    ///
    /// @param head a JSON object with `statusCode` and whatever else of a response's head the function gave
    /// @param jsonBody whether `body` is the JSON text of what wasn't a string
    record Response(Bytes head, Bytes body, boolean jsonBody) implements Outcome {
    }

    /// The function threw.
    ///
    /// @param detail a JSON object with `errorType`, `errorMessage` and `stackTrace`
    record FunctionError(Bytes detail) implements Outcome {
    }

    /// What the function returned can't be represented.
    ///
    /// @param detail as in [FunctionError]
    record BadResult(Bytes detail) implements Outcome {
    }

    /// It was destroyed at its deadline.
    record TimedOut(Duration limit) implements Outcome {
    }

    /// Its instance ended in mid-call.
    record Exited(int exitCode) implements Outcome {
    }

    /// Its instance exceeded its memory in mid-call.
    record OutOfMemory(int limitMb) implements Outcome {
    }

    /// Its instance said what the protocol doesn't allow, and was destroyed.
    record Violated(String message) implements Outcome {
    }

    /// The function couldn't be loaded.
    ///
    /// @param detail as in [FunctionError]
    record InitFailed(Bytes detail) implements Outcome {
    }

    /// The instance ended, or was destroyed, while the function was being loaded.
    record InitDied(String message, boolean outOfMemory) implements Outcome {
    }

    /// There was no instance to be had: all are busy.
    ///
    /// @param ownLimit whether the function's own limit is the reason, and not the machine
    record Full(boolean ownLimit, Duration retryAfter) implements Outcome {
    }

    /// The platform couldn't run it.
    record Unavailable(String message) implements Outcome {
    }
}
