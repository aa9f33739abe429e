package io.nanogrid.gateway.logs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.nanogrid.db.ExecutionFilter;
import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionRepository;
import io.nanogrid.db.ExecutionStatus;
import io.nanogrid.db.Page;
import io.nanogrid.db.Peak;
import io.nanogrid.db.StorageException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 20, unit = TimeUnit.SECONDS)
class ExecutionLogTest {

    private static final Instant NOW = Instant.parse("2026-01-08T00:00:00Z");

    private final Repository repository = new Repository();

    @Test
    void aRecordIsStoredSoonAfterItsCall() throws Exception {
        try (ExecutionLog log = log()) {
            log.add(execution("one"));
            await().until(() -> repository.ids().equals(List.of("one")));
        }
    }

    @Test
    void whatPilesUpIsStoredInBatchesAndInOrder() throws Exception {
        repository.gate = new CountDownLatch(1);
        List<String> ids = new ArrayList<>();
        try (ExecutionLog log = log()) {
            for (int i = 0; i < 2500; i++) {
                ids.add("r" + i);
                log.add(execution("r" + i));
            }
            repository.gate.countDown();
        }
        assertThat(repository.ids()).isEqualTo(ids);
        assertThat(repository.batches).hasSizeLessThan(6)
                .allSatisfy(batch -> assertThat(batch).hasSizeLessThanOrEqualTo(1000));
    }

    @Test
    void aBatchThatCanNotBeStoredIsTriedAgain() throws Exception {
        repository.failures = List.of(new StorageException("the disk is full"));
        try (ExecutionLog log = log()) {
            log.add(execution("one"));
            await().until(() -> repository.ids().equals(List.of("one")));
        }
    }

    @Test
    void aBatchThatCanNeverBeStoredDoesNotHoldUpTheNext() throws Exception {
        repository.failures = List.of(new IllegalStateException("a record that nobody foresaw"));
        try (ExecutionLog log = log()) {
            log.add(execution("poison"));
            await().until(() -> repository.attempts > 0);
            log.add(execution("next"));
            await().until(() -> repository.ids().equals(List.of("next")));
        }
    }

    @Test
    void closingStoresWhatStillWaits() throws Exception {
        try (ExecutionLog log = log()) {
            for (int i = 0; i < 100; i++) {
                log.add(execution("r" + i));
            }
        }
        assertThat(repository.ids()).hasSize(100);
    }

    @Test
    void closingEndsEvenIfNothingCanBeStored() throws Exception {
        repository.failures = List.of(new StorageException("1"), new StorageException("2"), new StorageException("3"));
        try (ExecutionLog log = log()) {
            log.add(execution("lost"));
        }
        assertThat(repository.ids()).isEmpty();
    }

    @Test
    void whatWasAddedIsStoredWhenAFlushHasEnded() throws Exception {
        try (ExecutionLog log = log()) {
            for (int i = 0; i < 20; i++) {
                log.add(execution("r" + i));
                assertThat(log.flush(Duration.ofSeconds(10))).isTrue();
                assertThat(repository.ids()).hasSize(i + 1);
            }
        }
    }

    @Test
    void aFlushDoesNotWaitLongerThanItsCallerWants() throws Exception {
        repository.gate = new CountDownLatch(1);
        try (ExecutionLog log = log()) {
            log.add(execution("one"));
            assertThat(log.flush(Duration.ofMillis(1))).isFalse();
            repository.gate.countDown();
        }
    }

    @Test
    void whoListensIsToldOfACallBeforeItIsAnswered() throws Exception {
        List<String> told = new ArrayList<>();
        try (ExecutionLog log = log()) {
            log.listen(call -> told.add(call.requestId()));

            log.add(execution("one"));

            assertThat(told).containsExactly("one");
        }
    }

    @Test
    void whatIsOlderThanTheRetentionIsDeleted() {
        try (ExecutionLog _ = log()) {
            await().untilAsserted(() -> assertThat(repository.cutoff).isEqualTo(Instant.parse("2026-01-01T00:00:00Z")));
        }
    }

    @Test
    void aCallWaitsForRoomWhereNoRecordMayBeLost() throws Exception {
        repository.gate = new CountDownLatch(1);
        try (ExecutionLog log = log()) {
            Thread calls = Thread.ofVirtual().start(() -> addMany(log, 30_000));
            await().until(() -> calls.getState() == Thread.State.WAITING);

            repository.gate.countDown();
            calls.join();
        }
        assertThat(repository.ids()).hasSize(30_000);
    }

    @Test
    void noCallWaitsWhereRecordsMayBeLostAndThoseThatAreAreCounted() throws Exception {
        repository.gate = new CountDownLatch(1);
        List<String> told = new ArrayList<>();
        ExecutionLog log = log(ExecutionLog.WhenBehind.RECORDS_ARE_LOST);
        try (log) {
            log.listen(call -> told.add(call.requestId()));

            addMany(log, 30_000);

            assertThat(log.counts()).isEqualTo(new ExecutionLog.Counts(0, 10_000));
            repository.gate.countDown();
        }
        assertThat(repository.ids()).hasSize(20_000);
        assertThat(log.counts()).isEqualTo(new ExecutionLog.Counts(20_000, 10_000));
        assertThat(told).hasSize(30_000);
    }

    private static void addMany(ExecutionLog log, int count) {
        try {
            for (int i = 0; i < count; i++) {
                log.add(execution("r" + i));
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private ExecutionLog log() {
        return log(ExecutionLog.WhenBehind.CALLS_WAIT);
    }

    private ExecutionLog log(ExecutionLog.WhenBehind whenBehind) {
        return new ExecutionLog(repository, whenBehind, Duration.ofDays(7), () -> NOW);
    }

    private static ExecutionRecord execution(String id) {
        return new ExecutionRecord(id, "f", 1, ExecutionStatus.SUCCESS, NOW, Duration.ZERO, Duration.ZERO,
                Duration.ZERO,
                false, null, null, null, "", "", false);
    }

    /// Fails with the given failures first, each once.
    private static final class Repository implements ExecutionRepository {
        private final List<List<ExecutionRecord>> batches = new CopyOnWriteArrayList<>();
        private volatile CountDownLatch gate = new CountDownLatch(0);
        private volatile List<RuntimeException> failures = List.of();
        private volatile int attempts;
        private volatile @Nullable Instant cutoff;

        List<String> ids() {
            return batches.stream().flatMap(List::stream).map(ExecutionRecord::requestId).toList();
        }

        @Override
        public void insert(List<ExecutionRecord> executions) {
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            int attempt = attempts;
            attempts = attempt + 1;
            if (attempt < failures.size()) {
                throw failures.get(attempt);
            }
            batches.add(List.copyOf(executions));
        }

        @Override
        public int deleteOlderThan(Instant before) {
            cutoff = before;
            return 1;
        }

        @Override
        public Page<ExecutionRecord> list(String functionId, ExecutionFilter filter, int limit,
                @Nullable String cursor) {
            return new Page<>(List.of(), null);
        }

        @Override
        public List<Peak> peaks(String functionId, int version, int limit) {
            return List.of();
        }
    }
}
