package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.engine.EngineException;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class UidPoolTest {

    private final UidPool pool = new UidPool(new SandboxConfig.UidRange(2000, 2002), true);

    @Test
    void aReturnedUidIsTheLastToBeUsedAgain() throws Exception {
        OptionalInt first = pool.take();
        pool.release(first);
        assertThat(pool.take()).hasValue(2001);
        assertThat(pool.take()).hasValue(2002);
        assertThat(pool.take()).isEqualTo(first);
    }

    @Test
    void anExhaustedRangeSaysWhatToWiden() throws Exception {
        for (int i = 0; i < 3; i++) {
            pool.take();
        }
        assertThatThrownBy(pool::take).isInstanceOf(EngineException.class).hasMessageContaining("SANDBOX_UIDS");
    }

    @Test
    void withoutRootThereIsNothingToHandOut() throws Exception {
        assertThat(new UidPool(new SandboxConfig.UidRange(2000, 2002), false).take()).isEmpty();
    }
}
