package io.nanogrid.gateway.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class TurnsTest {

    private final Turns<String> turns = new Turns<>();

    @Test
    void theFirstGoesAtOnceAndTheOthersInTheOrderInWhichTheyAsked() throws Exception {
        Turns<String>.Turn first = turns.ask("a");
        Turns<String>.Turn second = turns.ask("a");
        Turns<String>.Turn third = turns.ask("a");
        assertThat(first.waits()).isFalse();
        assertThat(second.waits()).isTrue();

        first.close();

        second.await();
        assertThat(third.waits()).isTrue();
    }

    @Test
    void aPlaceThatIsGivenUpIsPassedOver() throws Exception {
        Turns<String>.Turn first = turns.ask("a");
        Turns<String>.Turn second = turns.ask("a");
        Turns<String>.Turn third = turns.ask("a");

        second.close();
        first.close();

        third.await();
    }

    @Test
    void closingTwiceTakesNobodyElsesTurn() {
        Turns<String>.Turn first = turns.ask("a");
        Turns<String>.Turn second = turns.ask("a");
        first.close();
        Turns<String>.Turn third = turns.ask("a");

        first.close();

        assertThat(second.waits()).isFalse();
        assertThat(third.waits()).isTrue();
    }

    @Test
    void otherKeysDoNotWait() {
        turns.ask("a");

        assertThat(turns.ask("b").waits()).isFalse();
    }

    @Test
    void anInterruptedThreadGivesUpItsPlace() throws Exception {
        Turns<String>.Turn first = turns.ask("a");
        BlockingQueue<InterruptedException> interrupted = new ArrayBlockingQueue<>(1);
        Thread waiting = Thread.ofVirtual().start(() -> {
            try {
                turns.take("a").close();
            } catch (InterruptedException e) {
                interrupted.add(e);
            }
        });
        waiting.interrupt();
        interrupted.take();

        first.close();

        assertThat(turns.ask("a").waits()).isFalse();
    }

    @Test
    void whatMustBeDoneWaitsThroughAnInterruptAndKeepsIt() throws Exception {
        Turns<String>.Turn first = turns.ask("a");
        AtomicBoolean kept = new AtomicBoolean();
        Thread waiting = Thread.ofVirtual().start(() -> {
            try (Turns<String>.Turn _ = turns.takeSurely("a")) {
                kept.set(Thread.currentThread().isInterrupted());
            }
        });
        waiting.interrupt();
        assertThat(waiting.join(Duration.ofMillis(50))).isFalse();

        first.close();
        waiting.join();

        assertThat(kept).isTrue();
    }
}
