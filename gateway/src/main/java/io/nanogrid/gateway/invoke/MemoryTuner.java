package io.nanogrid.gateway.invoke;

import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionRepository;
import io.nanogrid.db.Peak;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.pool.FunctionVersion;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Says which memory limit the calls of a version suggest: where the peak of the last ones is under 30 % of the limit, or over 90 %.
///
/// The peak of a call is the most that its instance has used in its whole life so far, and an instance serves many calls. So one large call
/// speaks for those after it, and a suggestion is rather too large than too small. Safe for use by many threads.
public final class MemoryTuner {

    static final int MIN_MB = 128;
    static final int MAX_MB = 10_240;
    /// How many calls a suggestion rests on, and how many it needs at least.
    private static final int WINDOW = 20;
    private static final int ENOUGH = 5;
    /// Of the suggested limit the peak is to take no more than 70 %.
    private static final int TARGET_PERCENT = 70;
    private static final int LOW_PERCENT = 30;
    private static final int HIGH_PERCENT = 90;
    private static final int STEP_MB = 64;
    private static final int MAX_REPORTED = 1_000;
    private static final int MAX_KEPT = 10_000;
    private static final Duration FLUSH = Duration.ofSeconds(1);

    private final ExecutionLog log;
    private final ExecutionRepository executions;
    /// Of versions that somebody has asked about.
    private final Map<FunctionVersion.Key, Window> windows = new ConcurrentHashMap<>();

    public MemoryTuner(ExecutionLog log, ExecutionRepository executions) {
        this.log = log;
        this.executions = executions;
        log.listen(this::ended);
    }

    private void ended(ExecutionRecord call) {
        Long peak = call.peakMemoryBytes();
        if (peak != null && !windows.isEmpty()) {
            Window window = windows.get(new FunctionVersion.Key(call.functionId(), call.version()));
            if (window != null) {
                window.add(peak);
            }
        }
    }

    /// One line for the function's owner, or null where the limit is right or there have been too few calls to tell. Asks the database once a
    /// version.
    public @Nullable String tip(FunctionVersion.Key version, int memoryMb) throws InterruptedException {
        Window window = windows.get(version);
        if (window == null) {
            if (windows.size() >= MAX_KEPT) {
                windows.clear();
            }
            window = Window.of(peaks(version, WINDOW));
            windows.put(version, window);
        }
        return window.advice(memoryMb).tip();
    }

    /// What the last calls of a version used, and what that suggests.
    public MemoryReport report(FunctionVersion.Key version, int memoryMb) throws InterruptedException {
        long[] peaks = peaks(version, MAX_REPORTED);
        Advice advice = Window.of(Arrays.copyOf(peaks, Math.min(peaks.length, WINDOW))).advice(memoryMb);
        return MemoryReport.of(peaks, memoryMb, advice.recommendedMb(), advice.tip());
    }

    /// Newest first.
    private long[] peaks(FunctionVersion.Key version, int limit) throws InterruptedException {
        log.flush(FLUSH);
        return executions.peaks(version.functionId(), version.version(), limit).stream().mapToLong(Peak::bytes)
                .toArray();
    }

    /// @param recommendedMb null where there have been too few calls
    /// @param tip null where the limit is right
    private record Advice(@Nullable Integer recommendedMb, @Nullable String tip) {

        static Advice of(int calls, long peak, int limitMb) {
            if (calls < ENOUGH) {
                return new Advice(null, null);
            }
            long percent = peak * 100 / ((long) limitMb << 20);
            long wanted = roundedUp(peak * 100 / TARGET_PERCENT);
            int recommended = (int) Math.max(MIN_MB, Math.min(MAX_MB, wanted));
            boolean smaller = percent < LOW_PERCENT && recommended < limitMb;
            boolean larger = percent > HIGH_PERCENT && recommended > limitMb;
            if (!smaller && !larger) {
                return new Advice(limitMb, null);
            }
            return new Advice(recommended,
                    "the last " + calls + " calls used up to " + (peak + (1 << 20) - 1 >> 20) + " MiB of "
                            + limitMb + " (" + percent + " %): "
                            + (smaller ? recommended + " MiB would do" : "give it " + recommended + " MiB"));
        }

        private static long roundedUp(long bytes) {
            long step = (long) STEP_MB << 20;
            return (bytes + step - 1) / step * STEP_MB;
        }
    }

    /// The peaks of the last calls. Its monitor guards it.
    private static final class Window {
        private final long[] peaks = new long[WINDOW];
        private int next;
        private int known;

        /// @param newestFirst no more than the window holds
        static Window of(long[] newestFirst) {
            Window window = new Window();
            for (int i = newestFirst.length - 1; i >= 0; i--) {
                window.add(newestFirst[i]);
            }
            return window;
        }

        /// In place of the oldest, where it is full.
        synchronized void add(long peak) {
            peaks[next] = peak;
            next = (next + 1) % WINDOW;
            known = Math.min(known + 1, WINDOW);
        }

        synchronized Advice advice(int limitMb) {
            return Advice.of(known, Arrays.stream(peaks, 0, known).max().orElse(0), limitMb);
        }
    }
}
