package io.nanogrid.gateway.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.pool.InstanceState.Busy;
import io.nanogrid.gateway.pool.InstanceState.Cause;
import io.nanogrid.gateway.pool.InstanceState.Dead;
import io.nanogrid.gateway.pool.InstanceState.Draining;
import io.nanogrid.gateway.pool.InstanceState.Idle;
import io.nanogrid.gateway.pool.InstanceState.Starting;
import io.nanogrid.gateway.pool.InstanceState.Stem;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class InstanceStateTest {

    @Test
    void anInstanceGreetsThenLoadsThenIsPromisedToItsFirstCaller() {
        assertThat(new Starting().greeted().specialized(5)).isEqualTo(new Busy(5, Long.MAX_VALUE));
    }

    @Test
    void onlyACallHasADeadline() {
        Busy calling = new Idle(1).taken(2).calling(9);
        assertThat(calling).isEqualTo(new Busy(2, 9));
        assertThat(calling.handedOver(3)).isEqualTo(new Busy(3, Long.MAX_VALUE));
    }

    @Test
    void aFreedInstanceRestsFromThenOn() {
        assertThat(new Busy(2, 9).freed(4)).isEqualTo(new Idle(4));
    }

    static Stream<InstanceState> living() {
        return Stream.of(new Starting(), new Stem(), new Idle(1), new Busy(1, 2));
    }

    @ParameterizedTest
    @MethodSource("living")
    void everyLivingInstanceCanBeEnded(InstanceState state) {
        assertThat(state.cause()).isNull();
        assertThat(state.draining(Cause.BROKEN)).isEqualTo(new Draining(Cause.BROKEN));
    }

    @Test
    void theFirstCauseOfAnEndStays() {
        assertThat(new Draining(Cause.TIMED_OUT).draining(Cause.BROKEN).gone()).isEqualTo(new Dead(Cause.TIMED_OUT));
        assertThat(new Dead(Cause.TIMED_OUT).draining(Cause.RETIRED).cause()).isEqualTo(Cause.TIMED_OUT);
    }
}
