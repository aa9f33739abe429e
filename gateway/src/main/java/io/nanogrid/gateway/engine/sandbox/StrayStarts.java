package io.nanogrid.gateway.engine.sandbox;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sandboxes that a gateway was starting when it was killed. Where it dies before bubblewrap has told it the child's pid, bubblewrap dies of the
/// broken pipe, and the child waits for ever for a word of it: it asks the kernel to die with its parent only after that word.
///
/// Such a child is known by the seccomp filter, which the launcher opens from this gateway's own directory and no other program does, and by
/// being bubblewrap still, which nothing that runs in a sandbox is but its first process.
final class StrayStarts {

    private static final Logger LOG = LoggerFactory.getLogger(StrayStarts.class);
    private static final Path PROC = Path.of("/proc");
    private static final String PROGRAM = "bwrap";
    private static final long ENDING_SECONDS = 5;

    private StrayStarts() {
    }

    /// Kills them, and returns when they have ended. What this process is starting itself is left alone.
    ///
    /// @param filter the file with the seccomp filter
    static void end(Path filter) {
        if (!Files.exists(filter)) {
            return;
        }
        // Whoever was at a pid when it was first looked up, and nobody later, is killed: a handle knows when its process began.
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            all.filter(process -> isStarting(process.pid(), filter) && !isOfThisProcess(process))
                    .map(StrayStarts::kill).toList().forEach(StrayStarts::awaitEnd);
        }
    }

    private static ProcessHandle kill(ProcessHandle process) {
        LOG.info("Process {}, a sandbox that an earlier life of this gateway was starting, is ended", process.pid());
        process.destroyForcibly();
        return process;
    }

    private static void awaitEnd(ProcessHandle process) {
        CompletableFuture<ProcessHandle> end = process.onExit();
        try {
            end.orTimeout(ENDING_SECONDS, TimeUnit.SECONDS).join();
        } catch (RuntimeException e) {
            if (!(e.getCause() instanceof TimeoutException)) {
                throw e;
            }
            LOG.warn("Process {} of an earlier life doesn't end although it was killed", process.pid());
        }
    }

    private static boolean isStarting(long pid, Path filter) {
        Path process = PROC.resolve(Long.toString(pid));
        try {
            Path program = Files.readSymbolicLink(process.resolve("exe")).getFileName();
            return program != null && program.toString().equals(PROGRAM) && hasOpen(process, filter);
        } catch (IOException | DirectoryIteratorException e) {
            // It has ended meanwhile, or is another user's.
            LOG.trace("Process {} can't be looked into", pid, e);
            return false;
        }
    }

    /// By the file and not by its name: another gateway whose processes are seen here may have a file of that name in a root directory of its own.
    private static boolean hasOpen(Path process, Path file) throws IOException {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path descriptor : descriptors) {
                if (Files.isSameFile(descriptor, file)) {
                    return true;
                }
            }
            return false;
        }
    }

    private static boolean isOfThisProcess(ProcessHandle process) {
        ProcessHandle self = ProcessHandle.current();
        return Stream.iterate(process.parent(), Optional::isPresent, parent -> parent.flatMap(ProcessHandle::parent))
                .anyMatch(parent -> parent.get().equals(self));
    }
}
