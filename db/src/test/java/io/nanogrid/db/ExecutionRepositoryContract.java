package io.nanogrid.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

public abstract class ExecutionRepositoryContract extends Contract {
    protected static final Instant START = Instant.parse("2026-02-03T04:05:06.789012Z");

    @Test
    void everyFieldOfAnExecutionComesBackAsItWent() {
        var execution = new ExecutionRecord("r1", "f", 3, ExecutionStatus.OUT_OF_MEMORY, START,
                Duration.ofNanos(1_000), Duration.ofMillis(20), Duration.ofHours(24), true, 1L << 40, "MemoryError",
                "no more", "out\u0000put\n", "🚀 err", true);

        database.executions().insert(List.of(execution));

        assertThat(list("f", 10)).containsExactly(execution);
    }

    @Test
    void whatAnExecutionLacksComesBackAsNull() {
        ExecutionRecord execution = execution("r1", "f", START);

        database.executions().insert(List.of(execution));

        assertThat(list("f", 10)).containsExactly(execution);
    }

    @Test
    void anExecutionOutlivesItsCallback() {
        CallbackRecord callback = deployed("hello");
        database.callbacks().delete(callback.id());

        database.executions().insert(List.of(execution("r1", callback.function().id(), START)));

        assertThat(list(callback.function().id(), 10)).hasSize(1);
    }

    @Test
    void executionsOfAFunctionComeNewestFirstUpToTheLimit() {
        database.executions().insert(List.of(execution("old", "f", START), execution("other", "g", START),
                execution("new", "f", START.plusSeconds(2)), execution("mid", "f", START.plusSeconds(1))));

        assertThat(list("f", 2)).extracting(ExecutionRecord::requestId)
                .containsExactly("new", "mid");
    }

    @Test
    void tenThousandExecutionsInBatchesAreAllThere() {
        for (int batch = 0; batch < 20; batch++) {
            int first = batch * 500;
            database.executions().insert(IntStream.range(first, first + 500)
                    .mapToObj(i -> execution("r" + i, "f", START.plusMillis(i))).toList());
        }

        assertThat(list("f", 20_000)).extracting(ExecutionRecord::requestId)
                .containsExactlyElementsOf(IntStream.range(0, 10_000).mapToObj(i -> "r" + (9_999 - i)).toList());
    }

    @Test
    void executionsComePageByPageThoughManyStartedAtOnceAndOthersAreAdded() {
        database.executions().insert(IntStream.range(0, 9)
                .mapToObj(i -> execution("r" + i, "f", START.plusSeconds(i / 4))).toList());

        var listed = new ArrayList<String>();
        String cursor = null;
        do {
            Page<ExecutionRecord> page = database.executions().list("f", ExecutionFilter.ALL, 2, cursor);
            page.items().forEach(execution -> listed.add(execution.requestId()));
            cursor = page.nextCursor();
            database.executions().insert(List.of(execution("late", "f", START.plusSeconds(99))));
        } while (cursor != null);

        assertThat(listed).containsExactly("r8", "r7", "r6", "r5", "r4", "r3", "r2", "r1", "r0");
    }

    @Test
    void aFilterChoosesByStatusAndStart() {
        database.executions().insert(List.of(execution("early", "f", START),
                ended("failed", ExecutionStatus.FUNCTION_ERROR, START.plusSeconds(1)),
                execution("good", "f", START.plusSeconds(2)),
                ended("slow", ExecutionStatus.TIMEOUT, START.plusSeconds(3))));

        assertThat(filtered(Set.of(ExecutionStatus.TIMEOUT, ExecutionStatus.FUNCTION_ERROR), null, null))
                .containsExactly("slow", "failed");
        assertThat(filtered(Set.of(ExecutionStatus.SUCCESS, ExecutionStatus.TIMEOUT), null, null))
                .containsExactly("slow", "good", "early");
        assertThat(filtered(Set.of(), null, null)).isEmpty();
        assertThat(filtered(null, START.plusSeconds(1), START.plusSeconds(3))).containsExactly("good", "failed");
        assertThat(filtered(Set.of(ExecutionStatus.TIMEOUT), null, START.plusSeconds(3))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "%%%", "ZXhlY3V0aW9ucy41", "ZXhlY3V0aW9ucy41LjYuNw", "ZnVuY3Rpb25zLjU"})
    void aCursorThatIsNoneIsRefused(String cursor) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> database.executions().list("f", ExecutionFilter.ALL, 1, cursor));
    }

    @Test
    void peaksAreThoseOfTheNewestCallsOfTheVersionThatHaveOne() {
        database.executions().insert(List.of(peak(1, 10L, START), peak(1, 30L, START.plusSeconds(2)),
                peak(1, 20L, START.plusSeconds(1)), peak(1, null, START.plusSeconds(3)),
                peak(2, 99L, START.plusSeconds(4))));

        assertThat(database.executions().peaks("f", 1, 2)).containsExactly(new Peak(30, START.plusSeconds(2)),
                new Peak(20, START.plusSeconds(1)));
        assertThat(database.executions().peaks("f", 3, 2)).isEmpty();
    }

    /// Over as many pages as it takes.
    protected List<ExecutionRecord> list(String functionId, int limit) {
        var listed = new ArrayList<ExecutionRecord>();
        String cursor = null;
        do {
            Page<ExecutionRecord> page = database.executions().list(functionId, ExecutionFilter.ALL,
                    limit - listed.size(), cursor);
            listed.addAll(page.items());
            cursor = page.nextCursor();
        } while (cursor != null && listed.size() < limit);
        return listed;
    }

    private List<String> filtered(@Nullable Set<ExecutionStatus> statuses, @Nullable Instant since,
            @Nullable Instant until) {
        return database.executions().list("f", new ExecutionFilter(statuses, since, until), 10, null).items().stream()
                .map(ExecutionRecord::requestId).toList();
    }

    protected static ExecutionRecord execution(String requestId, String functionId, Instant startedAt) {
        return execution(requestId, functionId, 1, ExecutionStatus.SUCCESS, startedAt, null);
    }

    private static ExecutionRecord ended(String requestId, ExecutionStatus status, Instant startedAt) {
        return execution(requestId, "f", 1, status, startedAt, null);
    }

    private static ExecutionRecord peak(int version, @Nullable Long peak, Instant startedAt) {
        return execution("r", "f", version, ExecutionStatus.SUCCESS, startedAt, peak);
    }

    private static ExecutionRecord execution(String requestId, String functionId, int version, ExecutionStatus status,
            Instant startedAt, @Nullable Long peak) {
        return new ExecutionRecord(requestId, functionId, version, status, startedAt, Duration.ZERO, Duration.ZERO,
                Duration.ofMillis(3), false, peak, null, null, "", "", false);
    }
}
