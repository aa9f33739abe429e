package io.nanogrid.gateway.deploy;

import io.nanogrid.db.CallbackRecord;
import java.time.Duration;
import java.util.List;

/// What a deploy ended as. In every case but the first, what was served before goes on being served.
public sealed interface DeployOutcome {

    /// @param image what the function's runtime runs on
    /// @param cached whether nothing had to be installed for it
    record Deployed(CallbackRecord callback, int version, String image, Duration took, boolean cached, List<String> log)
            implements
                DeployOutcome {
    }

    /// The fault of the code or its libraries.
    ///
    /// @param reason a stable word: `build_failed`, `init_failed`
    /// @param detail the error as the function's runtime reported it, a JSON object, or an empty text
    record Failed(String reason, String message, String detail, List<String> log) implements DeployOutcome {
    }

    /// The fault of the platform.
    record Unavailable(String message, List<String> log) implements DeployOutcome {
    }
}
