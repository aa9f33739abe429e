package io.nanogrid.gateway.aws.sqs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;

@Timeout(30)
class BatchesTest {

    private final List<List<Integer>> requests = new CopyOnWriteArrayList<>();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch mayEnd = new CountDownLatch(1);

    @Test
    void whatComesAloneGoesAloneAndAtOnce() {
        Batches<Integer> batches = new Batches<>(Duration.ZERO, this::take);

        batches.add(1).join();

        assertThat(requests).containsExactly(List.of(1));
    }

    @Test
    void whatComesWhileARequestIsOnItsWayGoesTogether() throws InterruptedException {
        Batches<Integer> batches = new Batches<>(Duration.ZERO, this::takeWhenAllowed);
        CompletableFuture<Void> first = batches.add(0);
        begun.await();

        List<CompletableFuture<Void>> others = IntStream.rangeClosed(1, 5).mapToObj(batches::add).toList();
        mayEnd.countDown();

        first.join();
        others.forEach(CompletableFuture::join);
        assertThat(requests).containsExactly(List.of(0), List.of(1, 2, 3, 4, 5));
    }

    @Test
    void noRequestHasMoreThanTen() {
        Batches<Integer> batches = new Batches<>(Duration.ofMillis(50), this::take);

        List<CompletableFuture<Void>> all = IntStream.range(0, 95).mapToObj(batches::add).toList();

        all.forEach(CompletableFuture::join);
        assertThat(requests).allSatisfy(request -> assertThat(request).hasSizeLessThanOrEqualTo(10));
        assertThat(requests.stream().flatMap(List::stream)).hasSize(95).doesNotHaveDuplicates();
    }

    @Test
    void aFullBatchDoesNotWaitForMore() {
        Batches<Integer> batches = new Batches<>(Duration.ofDays(1), this::take);

        List<CompletableFuture<Void>> all = IntStream.range(0, 10).mapToObj(batches::add).toList();

        all.forEach(CompletableFuture::join);
        assertThat(requests).containsExactly(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
    }

    @Test
    void whatFailsForOneFailsForNoOther() {
        Batches<Integer> batches = new Batches<>(Duration.ofDays(1), items -> Map.of(items.indexOf(3), "no room"));

        List<CompletableFuture<Void>> all = IntStream.range(0, 10).mapToObj(batches::add).toList();

        assertThatThrownBy(all.get(3)::join).hasCauseInstanceOf(SdkException.class).hasMessageContaining("no room");
        all.stream().filter(one -> one != all.get(3)).forEach(CompletableFuture::join);
    }

    @Test
    void aRequestThatFailsFailsForAllOfItAndForNoneThatComesLater() {
        Batches<Integer> batches = new Batches<>(Duration.ZERO, items -> {
            if (items.contains(0)) {
                throw SdkClientException.create("gone");
            }
            return take(items);
        });

        assertThatThrownBy(batches.add(0)::join).hasCauseInstanceOf(SdkException.class);
        batches.add(1).join();

        assertThat(requests).containsExactly(List.of(1));
    }

    @Test
    void theCloseSendsWhatIsStillGathering() {
        Batches<Integer> batches = new Batches<>(Duration.ofDays(1), this::take);
        CompletableFuture<Void> waiting = batches.add(1);

        batches.close();

        assertThat(waiting).isCompleted();
        assertThat(requests).containsExactly(List.of(1));
    }

    private Map<Integer, String> take(List<Integer> items) {
        requests.add(items);
        return Map.of();
    }

    private Map<Integer, String> takeWhenAllowed(List<Integer> items) {
        begun.countDown();
        try {
            mayEnd.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return take(items);
    }
}
