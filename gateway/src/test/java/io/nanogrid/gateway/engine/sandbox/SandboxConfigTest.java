package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class SandboxConfigTest {

    private static final SandboxConfig NORMAL = Configs.normal("gateway", Path.of("/data"));

    @Test
    void scratchSpaceIsHalfOfTheMemoryUnlessSet() {
        assertThat(NORMAL.scratchBytes(128)).isEqualTo(64L << 20);
        assertThat(with(64, 10, List.of()).scratchBytes(128)).isEqualTo(10L << 20);
    }

    @Test
    void aRangeOfTheNetworkCantCarryAnotherCommand() {
        assertThatThrownBy(() -> with(64, 0, List.of("10.0.0.0/8\nrule flush")))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("NETWORK_ALLOW");
    }

    @Test
    void aLimitOutOfBoundsNamesItsKeyAndValue() {
        assertThatThrownBy(() -> with(2, 0, List.of())).hasMessage("SANDBOX_PIDS must be 8 to 32768, not 2");
    }

    @Test
    void systemUidsAreRefused() {
        assertThatThrownBy(() -> new SandboxConfig.UidRange(0, 10)).hasMessageContaining("SANDBOX_UIDS");
    }

    private static SandboxConfig with(int processes, int scratchMb, List<String> networkAllow) {
        return new SandboxConfig(NORMAL.gatewayId(), NORMAL.dependencies(), NORMAL.runtimeDirectory(), NORMAL.uids(),
                NORMAL.groups(), NORMAL.processors(), processes, NORMAL.openFiles(), NORMAL.fileMb(), scratchMb,
                NORMAL.root(), NORMAL.searchPath(), networkAllow);
    }
}
