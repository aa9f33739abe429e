package io.nanogrid.gateway.engine.docker;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DockerConfigTest {

    @Test
    void theDefaultsAreValid() {
        assertThatNoException().isThrownBy(() -> DockerConfig.of("gw-1", "1.0.0"));
    }

    @Test
    void aRefusalNamesTheSettingAndTheValue() {
        assertThatIllegalArgumentException().isThrownBy(() -> DockerConfig.of("a b", "1.0.0"))
                .withMessage("gatewayId must match [a-zA-Z0-9._-]{1,64}, not 'a b'");
    }

    @Test
    void anInstallationNeedsTime() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DockerConfig.Install(1024, 256, Duration.ZERO, 1 << 30))
                .withMessage("install.deadline must be positive, not 'PT0S'");
    }
}
