package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SandboxConfigTest {

    private static final SandboxConfig NORMAL = Configs.normal("gateway", Path.of("/data"));

    @Test
    void scratchSpaceIsHalfOfTheMemoryUnlessSet() {
        assertThat(NORMAL.scratchBytes(128)).isEqualTo(64L << 20);
        assertThat(with(64, 10).scratchBytes(128)).isEqualTo(10L << 20);
    }

    @Test
    void aLimitOutOfBoundsNamesItsKeyAndValue() {
        assertThatThrownBy(() -> with(2, 0)).hasMessage("SANDBOX_PIDS must be 8 to 32768, not 2");
    }

    @Test
    void systemUidsAreRefused() {
        assertThatThrownBy(() -> new SandboxConfig.UidRange(0, 10)).hasMessageContaining("SANDBOX_UIDS");
    }

    private static SandboxConfig with(int processes, int scratchMb) {
        return new SandboxConfig(NORMAL.gatewayId(), NORMAL.dependencies(), NORMAL.runtimeDirectory(), NORMAL.uids(),
                NORMAL.groups(), NORMAL.processors(), processes, NORMAL.openFiles(), NORMAL.fileMb(), scratchMb,
                NORMAL.root(), NORMAL.searchPath(), NORMAL.networkAllow());
    }
}
