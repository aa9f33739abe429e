package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.InitChildren;
import io.nanogrid.gateway.engine.KernelFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The processes of one sandbox: bubblewrap outside, and the init process of the pid namespace with everything below it.
///
/// Hostile code can write to the memory of that init process, so nothing here relies on what init does: it is killed directly,
/// and the tree counts as gone when the kernel says that init is, which is after all others in the namespace.
/// Safe for use by many threads.
final class ProcessTree {

    private static final Logger LOG = LoggerFactory.getLogger(ProcessTree.class);
    private static final Path PROC = Path.of("/proc");

    private final Process outer;
    private final @Nullable Process helper;
    /// Null where it had ended before anybody could look, as that of a short command may on a busy machine.
    private final @Nullable Init init;
    private final CompletableFuture<Integer> end;

    /// The namespace's first process.
    ///
    /// @param stat read through a descriptor that was opened at the start: a later process with the same pid is never taken for it
    private record Init(long pid, ProcessHandle handle, KernelFile stat, InitChildren children) {

        static @Nullable Init of(long pid) throws IOException {
            ProcessHandle handle = ProcessHandle.of(pid).orElse(null);
            KernelFile stat = null;
            try {
                if (handle == null) {
                    return null;
                }
                stat = new KernelFile(PROC.resolve(pid + "/stat"));
                return new Init(pid, handle, stat, new InitChildren(pid));
            } catch (IOException e) {
                if (stat != null) {
                    stat.close();
                }
                if (handle.isAlive()) {
                    throw e;
                }
                return null;
            }
        }

        boolean isAlive() {
            String now = stat.read();
            if (now == null) {
                return false;
            }
            char letter = now.charAt(now.lastIndexOf(')') + 2);
            return letter != 'Z' && letter != 'X';
        }

        void close() {
            stat.close();
            children.close();
        }
    }

    /// @param outer bubblewrap, a child of this process
    /// @param helper connects the sandbox to the network; killed with it
    /// @param init pid of the namespace's first process
    ProcessTree(Process outer, @Nullable Process helper, long init) throws IOException {
        this.outer = outer;
        this.helper = helper;
        this.init = Init.of(init);
        this.end = outer.onExit().thenApplyAsync(this::afterOuter,
                task -> Thread.ofVirtual().name("reap-" + init).start(task));
    }

    /// Completes with bubblewrap's exit status when nothing of the tree runs any more.
    CompletableFuture<Integer> onEnd() {
        return end;
    }

    void kill() {
        if (init != null) {
            init.handle().destroyForcibly();
        }
        outer.destroyForcibly();
    }

    boolean hasOrphans() {
        return init == null || init.children().hasOrphans();
    }

    /// Host pids of all processes of the tree, init first. Those that come and go meanwhile may be missing.
    List<Long> pids() {
        Set<Long> found = new LinkedHashSet<>();
        List<Long> open = new ArrayList<>();
        if (init != null) {
            open.add(init.pid());
        }
        while (!open.isEmpty()) {
            long pid = open.removeLast();
            if (found.add(pid)) {
                open.addAll(childrenOf(pid));
            }
        }
        return List.copyOf(found);
    }

    /// What bubblewrap, and what runs without pipes of its own, has printed; to be read after the end.
    String output() {
        try {
            return new String(outer.getErrorStream().readNBytes(4096), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "";
        }
    }

    /// The same, to be read while it comes.
    InputStream outputStream() {
        return outer.getErrorStream();
    }

    private int afterOuter(Process ended) {
        if (helper != null) {
            helper.destroyForcibly();
        }
        if (init != null) {
            awaitEnd(init);
            init.close();
        }
        return ended.exitValue();
    }

    private static void awaitEnd(Init init) {
        init.handle().destroyForcibly();
        long since = System.nanoTime();
        long pause = TimeUnit.MICROSECONDS.toNanos(100);
        boolean warned = false;
        while (init.isAlive()) {
            LockSupport.parkNanos(pause);
            pause = Math.min(pause * 2, TimeUnit.MILLISECONDS.toNanos(10));
            if (!warned && System.nanoTime() - since > TimeUnit.SECONDS.toNanos(5)) {
                warned = true;
                LOG.warn("Process {} of a sandbox doesn't end although it was killed", init.pid());
            }
        }
    }

    private static List<Long> childrenOf(long pid) {
        List<Long> children = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(PROC.resolve(pid + "/task"))) {
            for (Path task : tasks) {
                for (String child : Files.readString(task.resolve("children")).strip().split(" ")) {
                    if (!child.isEmpty()) {
                        children.add(Long.valueOf(child));
                    }
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            LOG.trace("Process {} has ended meanwhile", pid);
        }
        return children;
    }
}
