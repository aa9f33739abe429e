package io.nanogrid.gateway.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class KeptTest {

    private static final Duration FRESH = Duration.ofSeconds(15);

    private final AtomicLong now = new AtomicLong();
    private final AtomicInteger reads = new AtomicInteger();

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @Test
    void whoAsksOftenGetsWhatWasReadOnce() {
        Kept<Integer> kept = new Kept<>(FRESH, reads::incrementAndGet, now::get);

        assertThat(kept.get()).isEqualTo(1);
        pass(FRESH.minusNanos(1));
        assertThat(kept.get()).isEqualTo(1);
    }

    @Test
    void whatIsOldIsReadAgain() {
        Kept<Integer> kept = new Kept<>(FRESH, reads::incrementAndGet, now::get);
        kept.get();

        pass(FRESH);

        assertThat(kept.get()).isEqualTo(2);
    }

    @Test
    void whileOneReadsAgainOthersGetWhatThereWas() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        Kept<Integer> kept = new Kept<>(FRESH, () -> {
            int read = reads.incrementAndGet();
            if (read == 2) {
                await(goOn);
            }
            return read;
        }, now::get);
        kept.get();
        pass(FRESH);
        FutureTask<Integer> reader = started(kept);
        Awaitility.await().until(() -> reads.get() == 2);

        assertThat(kept.get()).isEqualTo(1);

        goOn.countDown();
        assertThat(reader.get()).isEqualTo(2);
    }

    @Test
    void ofManyWhoAskFirstOneReads() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        Kept<Integer> kept = new Kept<>(FRESH, () -> {
            await(goOn);
            return reads.incrementAndGet();
        }, now::get);
        List<FutureTask<Integer>> all = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            all.add(started(kept));
        }

        goOn.countDown();

        for (FutureTask<Integer> one : all) {
            assertThat(one.get()).isEqualTo(1);
        }
    }

    @Test
    void aFailureIsToldAndTheNextWhoAsksTriesAgain() {
        Kept<Integer> kept = new Kept<>(FRESH, () -> {
            if (reads.incrementAndGet() == 2) {
                throw new IllegalStateException("gone");
            }
            return reads.get();
        }, now::get);
        kept.get();
        pass(FRESH);

        assertThatThrownBy(kept::get).isInstanceOf(IllegalStateException.class);
        assertThat(kept.get()).isEqualTo(3);
    }

    private static FutureTask<Integer> started(Kept<Integer> kept) {
        FutureTask<Integer> task = new FutureTask<>(kept::get);
        Thread.startVirtualThread(task);
        return task;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
