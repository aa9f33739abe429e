package io.nanogrid.gateway;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// Has all tests look soon for what they wait for, and then ever more seldom: most of it is there within milliseconds. On a machine that is
/// busy with something else it takes long.
public final class PollQuickly implements BeforeAllCallback {

    private static final int LONGEST_MILLIS = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Override
    public void beforeAll(ExtensionContext context) {
        Awaitility.setDefaultTimeout(PATIENCE);
        Awaitility.setDefaultPollInterval(
                (count, _) -> Duration.ofMillis(Math.min(1 << Math.min(count, 10), LONGEST_MILLIS)));
    }
}
