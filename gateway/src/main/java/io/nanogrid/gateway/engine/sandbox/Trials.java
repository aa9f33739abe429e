package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.EngineException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Runs short commands of our own in a sandbox to see whether they work there. Safe for use by many threads.
final class Trials {

    private static final long SCRATCH_BYTES = 1 << 20;

    private final SandboxConfig config;
    private final HostFiles files;
    private final UidPool uids;
    private final Launcher launcher;

    Trials(SandboxConfig config, HostFiles files, UidPool uids, Launcher launcher) {
        this.config = config;
        this.files = files;
        this.uids = uids;
        this.launcher = launcher;
    }

    /// @param status exit status, or 128 + the signal's number
    /// @param output what it printed to both outputs, at most 4 KiB
    record Result(int status, String output) {

        boolean good() {
            return status == 0;
        }
    }

    /// Runs `command` to its end, and kills it after `limit`.
    ///
    /// @param prefix directory to show read-only at the same place, if any
    Result run(List<String> command, @Nullable Path prefix, Duration limit)
            throws EngineException, InterruptedException {
        BubblewrapCommand sandbox = new BubblewrapCommand(config.root(), files.etc(), SCRATCH_BYTES, false);
        if (prefix != null) {
            sandbox.readOnly(prefix, prefix.toString());
        }
        OptionalInt uid = uids.take();
        try {
            ProcessTree tree = launcher.launch(uid, List.of(), null, sandbox.build("/tmp"),
                    BubblewrapCommand.limited(config, command));
            try {
                return new Result(tree.onEnd().get(limit.toMillis(), TimeUnit.MILLISECONDS), tree.output());
            } catch (TimeoutException e) {
                return new Result(124, "it took longer than " + limit.toMillis() + " ms");
            } catch (ExecutionException e) {
                throw new EngineException("a trial in the sandbox failed", e);
            } finally {
                tree.kill();
                tree.onEnd().join();
            }
        } finally {
            uids.release(uid);
        }
    }
}
