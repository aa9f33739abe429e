package io.nanogrid.gateway.deploy;

import java.util.List;

/// Why a version couldn't be built, of a callback's function or any other.
public sealed interface BuildFault extends DeployOutcome, FunctionOutcome {

    String message();

    /// The fault of the code or its libraries.
    ///
    /// @param reason a stable word: `build_failed`, `init_failed`
    /// @param detail the error as the function's runtime reported it, a JSON object, or an empty text
    record Failed(String reason, String message, String detail, List<String> log) implements BuildFault {
    }

    /// The fault of the platform.
    record Unavailable(String message, List<String> log) implements BuildFault {
    }
}
