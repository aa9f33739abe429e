package io.nanogrid.gateway.deploy;

import io.nanogrid.db.CallbackRecord;
import java.time.Duration;
import java.util.List;

/// What a callback's deploy ended as. In every case but the first, what was served before goes on being served.
public sealed interface DeployOutcome permits DeployOutcome.Deployed, BuildFault {

    /// @param image what the function's runtime runs on
    /// @param cached whether nothing had to be installed for it
    record Deployed(CallbackRecord callback, int version, String image, Duration took, boolean cached, List<String> log)
            implements
                DeployOutcome {
    }
}
