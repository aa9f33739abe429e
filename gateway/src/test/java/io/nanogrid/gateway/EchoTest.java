package io.nanogrid.gateway;

import org.junit.jupiter.api.BeforeAll;

/// What tests of calls of functions have in common: one that returns its event, and no limit of calls.
abstract class EchoTest extends GatewayTest {

    static final String ECHO = "def handler(event, context): return event";

    /// The function's id.
    String echo;

    @Override
    String[] settings() {
        return new String[]{"RATE_LIMIT_PER_MINUTE", "0"};
    }

    @BeforeAll
    final void deployEcho() throws Exception {
        echo = gateway.function("python", ECHO);
    }
}
