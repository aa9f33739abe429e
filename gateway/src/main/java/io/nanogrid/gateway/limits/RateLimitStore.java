package io.nanogrid.gateway.limits;

import java.time.Duration;

/// Counts calls in fixed windows: a window starts at a client's first counted call in a scope and lasts as long as that call said. Exact: however many
/// count at once, no more than the limit are allowed in a window. Safe for use by many threads.
public interface RateLimitStore {

    /// Counts one call, if the limit allows it: a call that is refused isn't counted.
    ///
    /// @param scope what is limited, such as `callback:1001`; each has windows of its own
    /// @param client for whom; at most some hundred characters, and no secret
    /// @param limit how many calls a window allows, from 1; where it has changed in mid-window, the new one holds for what was counted already
    /// @param window how long a window lasts, should this call start one
    Decision count(String scope, String client, int limit, Duration window);

    /// What a call may do.
    ///
    /// @param remaining how many more calls the window allows
    /// @param untilReset when the next window can start; more than nothing
    record Decision(boolean allowed, int remaining, Duration untilReset) {
    }
}
