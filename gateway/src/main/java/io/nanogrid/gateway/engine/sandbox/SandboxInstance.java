package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.EngineInstance;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A sandbox that runs a runtime's bootstrap. Safe for use by many threads.
final class SandboxInstance implements EngineInstance {

    private static final Logger LOG = LoggerFactory.getLogger(SandboxInstance.class);
    private static final int KILLED = 137;

    private final ProcessTree tree;
    private final Groups.Group group;
    private final CompletableFuture<Exit> exit;
    private volatile long sampledPeak;
    private volatile long finalPeak = -1;
    private volatile boolean overLimit;

    /// @param freed called once, when nothing of the instance runs any more and its group is gone
    SandboxInstance(ProcessTree tree, Groups.Group group, Runnable freed) {
        this.tree = tree;
        this.group = group;
        this.exit = tree.onEnd().thenApply(code -> {
            explain(code);
            boolean outOfMemory = code == KILLED && (overLimit || group.outOfMemory());
            finalPeak = peakMemoryBytes().orElse(-1);
            group.remove();
            freed.run();
            return new Exit(code, outOfMemory);
        });
    }

    /// A sandbox that couldn't be set up says so only here.
    private void explain(int code) {
        String said = code == 0 || code == KILLED ? "" : tree.output();
        if (!said.isEmpty()) {
            LOG.warn("A sandbox ended with status {} and said: {}", code, said.replaceAll("\\p{Cntrl}", "?"));
        }
    }

    @Override
    public CompletableFuture<Exit> onExit() {
        return exit.copy();
    }

    @Override
    public void destroy() {
        tree.kill();
        exit.join();
    }

    @Override
    public OptionalLong peakMemoryBytes() {
        if (finalPeak >= 0) {
            return OptionalLong.of(finalPeak);
        }
        OptionalLong peak = group.peakBytes();
        if (peak.isPresent()) {
            return peak;
        }
        return sampledPeak > 0 ? OptionalLong.of(sampledPeak) : OptionalLong.empty();
    }

    @Override
    public boolean hasOrphans() {
        return tree.hasOrphans();
    }

    ProcessTree tree() {
        return tree;
    }

    /// Takes note of a sample, and kills the tree when it is above the limit.
    void sampled(long bytes, long limitBytes) {
        sampledPeak = Math.max(sampledPeak, bytes);
        if (bytes > limitBytes) {
            overLimit = true;
            tree.kill();
        }
    }
}
