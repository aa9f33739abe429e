package io.nanogrid.gateway.invoke;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.Database;
import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionStatus;
import io.nanogrid.db.sqlite.SqliteDatabase;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.pool.FunctionVersion;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryTunerTest {

    private static final FunctionVersion.Key VERSION = new FunctionVersion.Key("f", 1);

    private Database database;
    private ExecutionLog log;
    private MemoryTuner tuner;

    @BeforeEach
    void open(@TempDir Path directory) {
        database = SqliteDatabase.open(directory);
        log = new ExecutionLog(database.executions(), ExecutionLog.WhenBehind.CALLS_WAIT, Duration.ofDays(7),
                InstantSource.system());
        tuner = new MemoryTuner(log, database.executions());
    }

    @AfterEach
    void close() {
        log.close();
        database.close();
    }

    private @Nullable String tip(int memoryMb) throws Exception {
        return tuner.tip(VERSION, memoryMb);
    }

    private void calls(int times, double peakMb) throws Exception {
        for (int i = 0; i < times; i++) {
            call(1, (long) (peakMb * (1 << 20)));
        }
    }

    private void call(int version, @Nullable Long peak) throws Exception {
        log.add(new ExecutionRecord("r", "f", version, ExecutionStatus.SUCCESS, Instant.now(), Duration.ZERO,
                Duration.ZERO, Duration.ZERO, false, peak, null, null, "", "", false));
    }

    @ParameterizedTest
    @CsvSource({"512,150,256 MiB would do", "1024,100,192 MiB would do", "1024,89.6,128 MiB would do",
            "256,60,128 MiB would do",
            "128,117,give it 192 MiB", "512,512,give it 768 MiB", "9000,8900,give it 10240 MiB"})
    void theSuggestedLimitLeavesRoomAndIsOfWholeSteps(int limit, double peak, String advice) throws Exception {
        calls(5, peak);

        assertThat(tip(limit)).contains(advice).contains("last 5 calls");
    }

    @ParameterizedTest
    @CsvSource({"512,154", "512,460", "128,10", "10240,10200"})
    void aLimitThatCannotBeMuchBetterIsLeftAlone(int limit, double peak) throws Exception {
        calls(5, peak);

        assertThat(tip(limit)).isNull();
    }

    @Test
    void theLargestOfTheLastTwentyCallsCounts() throws Exception {
        calls(1, 500);
        calls(19, 10);
        assertThat(tip(512)).contains("give it 768 MiB", "last 20 calls");

        calls(1, 10);
        assertThat(tip(512)).contains("128 MiB would do");
    }

    @Test
    void callsOfOtherVersionsAndWithoutAPeakDoNotCount() throws Exception {
        calls(4, 10);
        call(2, 10L << 20);
        call(1, null);

        assertThat(tip(512)).isNull();
    }

    @Test
    void whatAnEarlierProcessRecordedCounts() throws Exception {
        calls(5, 10);
        log.flush(Duration.ofSeconds(10));

        assertThat(new MemoryTuner(log, database.executions()).tip(VERSION, 512)).contains("128 MiB would do");
    }

    @Test
    void afterTheFirstQuestionNothingIsAskedOfTheDatabase() throws Exception {
        calls(5, 10);
        assertThat(tip(512)).isNotNull();
        log.flush(Duration.ofSeconds(10));
        database.close();

        assertThat(tip(512)).contains("128 MiB would do");
    }
}
