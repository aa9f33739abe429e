package io.nanogrid.gateway.logs;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionStatus;
import io.nanogrid.gateway.logs.CallFeed.Event;
import io.nanogrid.gateway.logs.CallFeed.Why;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 20, unit = TimeUnit.SECONDS)
class CallFeedTest {

    private static final Duration LONG = Duration.ofSeconds(20);

    private final CallFeed feed = new CallFeed();

    @Test
    void aListenerIsToldInOrderAndOfItsFunctionOnly() throws Exception {
        try (CallFeed.Listener listener = feed.listen("f")) {
            feed.publish(call("f", "1", ""));
            feed.publish(call("g", "2", ""));
            feed.publish(call("f", "3", ""));

            assertThat(listener.next(LONG)).isEqualTo(new Event.Ended(call("f", "1", "")));
            assertThat(listener.next(LONG)).isEqualTo(new Event.Ended(call("f", "3", "")));
            assertThat(listener.next(Duration.ofMillis(1))).isEqualTo(new Event.Nothing());
        }
    }

    @Test
    void aListenerThatWaitsIsWoken() throws Exception {
        try (CallFeed.Listener listener = feed.listen("f")) {
            Thread caller = Thread.startVirtualThread(() -> feed.publish(call("f", "1", "")));

            assertThat(listener.next(LONG)).isInstanceOf(Event.Ended.class);
            caller.join();
        }
    }

    @Test
    void whoReadsTooSlowlyIsToldHowManyItMissedAndThenGoesOn() throws Exception {
        try (CallFeed.Listener listener = feed.listen("f")) {
            for (int i = 0; i < 1_234; i++) {
                feed.publish(call("f", "r" + i, ""));
            }
            for (int i = 0; i < 1_000; i++) {
                assertThat(listener.next(LONG)).isEqualTo(new Event.Ended(call("f", "r" + i, "")));
            }

            assertThat(listener.next(LONG)).isEqualTo(new Event.Missed(234));
            feed.publish(call("f", "later", ""));
            assertThat(listener.next(LONG)).isEqualTo(new Event.Ended(call("f", "later", "")));
        }
    }

    @Test
    void outputThatIsTooMuchToKeepIsMissedToo() throws Exception {
        try (CallFeed.Listener listener = feed.listen("f")) {
            for (int i = 0; i < 20; i++) {
                feed.publish(call("f", "r" + i, "x".repeat(1 << 20)));
            }
            for (int i = 0; i < 4; i++) {
                assertThat(listener.next(LONG)).isInstanceOf(Event.Ended.class);
            }

            assertThat(listener.next(LONG)).isEqualTo(new Event.Missed(16));
        }
    }

    @Test
    void whoHasStoppedListeningIsToldNothingMore() throws Exception {
        CallFeed.Listener listener = feed.listen("f");
        listener.close();

        feed.publish(call("f", "1", ""));

        assertThat(listener.next(Duration.ofMillis(1))).isEqualTo(new Event.Nothing());
    }

    @Test
    void closingTellsWhatIsLeftAndThenTheEnd() throws Exception {
        CallFeed.Listener listener = feed.listen("f");
        feed.publish(call("f", "1", ""));

        feed.close();

        assertThat(listener.next(LONG)).isInstanceOf(Event.Ended.class);
        assertThat(listener.next(LONG)).isEqualTo(new Event.Closed(Why.GATEWAY_STOPS));
        assertThat(feed.listen("f").next(LONG)).isEqualTo(new Event.Closed(Why.GATEWAY_STOPS));
    }

    @Test
    void deletingAFunctionEndsThoseAloneWhoListenToItOnceTheyKnowItsCalls() throws Exception {
        try (CallFeed.Listener gone = feed.listen("f"); CallFeed.Listener other = feed.listen("g")) {
            feed.publish(call("f", "1", ""));

            feed.functionDeleted("f");

            assertThat(gone.next(LONG)).isInstanceOf(Event.Ended.class);
            assertThat(gone.next(LONG)).isEqualTo(new Event.Closed(Why.FUNCTION_DELETED));
            assertThat(other.next(Duration.ofMillis(1))).isEqualTo(new Event.Nothing());
        }
    }

    @Test
    void whoMayKnowNothingMoreIsNotToldWhatWaits() throws Exception {
        try (CallFeed.Listener listener = feed.listen("f")) {
            feed.publish(call("f", "1", ""));

            listener.end(Why.ACCESS_LOST);
            feed.publish(call("f", "2", ""));

            assertThat(listener.next(LONG)).isEqualTo(new Event.Closed(Why.ACCESS_LOST));
        }
    }

    private static ExecutionRecord call(String function, String id, String stdout) {
        return new ExecutionRecord(id, function, 1, ExecutionStatus.SUCCESS, Instant.EPOCH, Duration.ZERO,
                Duration.ZERO, Duration.ZERO, false, null, null, null, stdout, "", false);
    }
}
