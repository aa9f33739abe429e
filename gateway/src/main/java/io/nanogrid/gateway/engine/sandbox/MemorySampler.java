package io.nanogrid.gateway.engine.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// Where the kernel doesn't limit memory: looks at the memory of each instance a few times a second and kills those above
/// their limit. What a process takes and frees between two looks isn't seen, nor is memory that no process has mapped.
///
/// All samples are taken in one thread.
final class MemorySampler implements AutoCloseable {

    private static final long INTERVAL_MILLIS = 50;

    private final Map<SandboxInstance, Long> limits = new ConcurrentHashMap<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("sandbox-memory").factory());

    MemorySampler() {
        clock.scheduleWithFixedDelay(() -> limits.forEach(MemorySampler::sample), INTERVAL_MILLIS, INTERVAL_MILLIS,
                TimeUnit.MILLISECONDS);
    }

    void watch(SandboxInstance instance, long limitBytes) {
        limits.put(instance, limitBytes);
        var unused = instance.onExit().thenAccept(exit -> limits.remove(instance));
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }

    private static void sample(SandboxInstance instance, long limitBytes) {
        instance.sampled(bytesOf(instance.tree()), limitBytes);
    }

    /// What all processes of a tree use now.
    static long bytesOf(ProcessTree tree) {
        long bytes = 0;
        for (long pid : tree.pids()) {
            bytes += bytesOf(pid);
        }
        return bytes;
    }

    /// Proportional set size and swap: pages that several processes share count once.
    private static long bytesOf(long pid) {
        Path rollup = Path.of("/proc", Long.toString(pid), "smaps_rollup");
        try {
            long kilobytes = 0;
            for (String line : Files.readAllLines(rollup)) {
                if (line.startsWith("Pss:") || line.startsWith("SwapPss:")) {
                    kilobytes += Long.parseLong(line.replaceAll("[^0-9]", ""));
                }
            }
            return kilobytes * 1024;
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }
}
