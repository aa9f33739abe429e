package io.nanogrid.gateway.deploy;

import io.nanogrid.db.FunctionRecord;
import java.time.Duration;
import java.util.List;

/// What building a version of a function ended as. In every case but the first, what was there before is as it was.
public sealed interface FunctionOutcome permits FunctionOutcome.Current, BuildFault {

    /// The version is what runs from now on.
    ///
    /// @param image what the function's runtime runs on
    /// @param cached whether nothing had to be installed for it
    record Current(FunctionRecord function, String image, Duration took, boolean cached, List<String> log)
            implements
                FunctionOutcome {
    }
}
