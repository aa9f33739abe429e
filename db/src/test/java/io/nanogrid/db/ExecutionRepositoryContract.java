package io.nanogrid.db;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

public abstract class ExecutionRepositoryContract extends Contract {
    private static final Instant START = Instant.parse("2026-02-03T04:05:06.789012Z");

    @Test
    void everyFieldOfAnExecutionComesBackAsItWent() {
        var execution = new ExecutionRecord("r1", "f", 3, ExecutionStatus.OUT_OF_MEMORY, START,
                Duration.ofNanos(1_000), Duration.ofMillis(20), Duration.ofHours(24), true, 1L << 40, "MemoryError",
                "no more", "out\u0000put\n", "🚀 err", true);

        database.executions().insert(List.of(execution));

        assertThat(database.executions().listByFunction("f", 10)).containsExactly(execution);
    }

    @Test
    void whatAnExecutionLacksComesBackAsNull() {
        ExecutionRecord execution = execution("r1", "f", START);

        database.executions().insert(List.of(execution));

        assertThat(database.executions().listByFunction("f", 10)).containsExactly(execution);
    }

    @Test
    void anExecutionOutlivesItsCallback() {
        CallbackRecord callback = deployed("hello");
        database.callbacks().delete(callback.id());

        database.executions().insert(List.of(execution("r1", callback.function().id(), START)));

        assertThat(database.executions().listByFunction(callback.function().id(), 10)).hasSize(1);
    }

    @Test
    void executionsOfAFunctionComeNewestFirstUpToTheLimit() {
        database.executions().insert(List.of(execution("old", "f", START), execution("other", "g", START),
                execution("new", "f", START.plusSeconds(2)), execution("mid", "f", START.plusSeconds(1))));

        assertThat(database.executions().listByFunction("f", 2)).extracting(ExecutionRecord::requestId)
                .containsExactly("new", "mid");
    }

    @Test
    void tenThousandExecutionsInBatchesAreAllThere() {
        for (int batch = 0; batch < 20; batch++) {
            int first = batch * 500;
            database.executions().insert(IntStream.range(first, first + 500)
                    .mapToObj(i -> execution("r" + i, "f", START.plusMillis(i))).toList());
        }

        assertThat(database.executions().listByFunction("f", 20_000)).extracting(ExecutionRecord::requestId)
                .containsExactlyElementsOf(IntStream.range(0, 10_000).mapToObj(i -> "r" + (9_999 - i)).toList());
    }

    @Test
    void whatIsOlderThanTheCutoffIsDeletedHoweverMuchItIs() {
        database.executions().insert(IntStream.range(0, 2_500)
                .mapToObj(i -> execution("r" + i, "f", START.plusMillis(i))).toList());

        int deleted = database.executions().deleteOlderThan(START.plusMillis(2_498));

        assertThat(deleted).isEqualTo(2_498);
        assertThat(database.executions().listByFunction("f", 10)).extracting(ExecutionRecord::requestId)
                .containsExactly("r2499", "r2498");
    }

    @Test
    void aLongCallThatWasStoredLateIsDeletedWhenItIsOld() {
        database.executions()
                .insert(List.of(execution("short", "f", START.plusSeconds(9)), execution("long", "f", START),
                        execution("new", "f", START.plusSeconds(11))));

        assertThat(database.executions().deleteOlderThan(START.plusSeconds(10))).isEqualTo(2);
        assertThat(database.executions().listByFunction("f", 10)).extracting(ExecutionRecord::requestId)
                .containsExactly("new");
    }

    @Test
    void recordsOfATimeWhenTheClockWasAheadDoNotKeepOldOnes() {
        database.executions().insert(IntStream.range(0, 2_001)
                .mapToObj(i -> execution("ahead" + i, "f", START.plusSeconds(3600))).toList());
        database.executions().insert(List.of(execution("old", "g", START)));

        assertThat(database.executions().deleteOlderThan(START.plusSeconds(1))).isOne();
        assertThat(database.executions().listByFunction("g", 10)).isEmpty();
    }

    private static ExecutionRecord execution(String requestId, String functionId, Instant startedAt) {
        return new ExecutionRecord(requestId, functionId, 1, ExecutionStatus.SUCCESS, startedAt,
                Duration.ZERO, Duration.ZERO, Duration.ofMillis(3), false, null, null, null, "", "", false);
    }
}
