package io.nanogrid.gateway.invoke;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How much memory calls of a version used, in bytes.
///
/// @param calls how many calls it rests on; all figures are 0 where there was none
/// @param p50 half of them used no more; `p90` and `p99` likewise
/// @param histogram tenths of the limit, and what went beyond it
/// @param recommendedMb null where there have been too few calls
/// @param tip null where the limit is right
public record MemoryReport(int calls, long min, long p50, long p90, long p99, long max, List<Bucket> histogram,
        @Nullable Integer recommendedMb, @Nullable String tip) {

    private static final int TENTHS = 10;

    /// @param upTo the most that one of them used can have been, or null for no bound
    public record Bucket(@Nullable Long upTo, int calls) {
    }

    static MemoryReport of(long[] peaks, int limitMb, @Nullable Integer recommendedMb, @Nullable String tip) {
        long[] sorted = peaks.clone();
        Arrays.sort(sorted);
        return new MemoryReport(sorted.length, percentile(sorted, 0), percentile(sorted, 50), percentile(sorted, 90),
                percentile(sorted, 99), percentile(sorted, 100), histogram(sorted, (long) limitMb << 20), recommendedMb,
                tip);
    }

    /// The smallest that is not exceeded by so many of a hundred.
    private static long percentile(long[] sorted, int percent) {
        int rank = (sorted.length * percent + 99) / 100;
        return sorted.length == 0 ? 0 : sorted[Math.max(0, rank - 1)];
    }

    private static List<Bucket> histogram(long[] sorted, long limit) {
        List<Bucket> buckets = new ArrayList<>();
        int before = 0;
        for (int tenth = 1; tenth <= TENTHS; tenth++) {
            long upTo = limit * tenth / TENTHS;
            int now = (int) Arrays.stream(sorted).takeWhile(peak -> peak <= upTo).count();
            buckets.add(new Bucket(upTo, now - before));
            before = now;
        }
        buckets.add(new Bucket(null, sorted.length - before));
        return List.copyOf(buckets);
    }
}
