package io.nanogrid.gateway.http;

import java.time.Duration;

/// How long connections are kept on which nothing happens. A call that runs doesn't count as nothing, however long it takes.
///
/// @param idle while the gateway serves
/// @param stopping once it stops: long enough for a request that is just arriving
public record KeptConnections(Duration idle, Duration stopping) {

    public static KeptConnections usual() {
        return new KeptConnections(Duration.ofSeconds(30), Duration.ofSeconds(1));
    }
}
