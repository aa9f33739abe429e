package io.nanogrid.gateway;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Tests that have one gateway together, from before the first until after the last.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class GatewayTest {

    TestGateway gateway;

    String engine() {
        return "sandbox";
    }

    /// Name, value, name, value…
    String[] settings() {
        return new String[0];
    }

    @BeforeAll
    final void startGateway(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start(engine(), directory, settings());
    }

    @AfterAll
    final void stopGateway() {
        if (gateway != null) {
            gateway.close();
        }
    }
}
