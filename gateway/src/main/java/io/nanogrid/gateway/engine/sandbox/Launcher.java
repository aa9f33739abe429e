package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.EngineException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Starts sandboxes, all from one platform thread: the kernel kills them when the *thread* that forked them ends, so it
/// must live as long as the engine. Safe for use by many threads.
final class Launcher implements AutoCloseable {

    private static final Pattern CHILD = Pattern.compile("\"child-pid\": (\\d+)");

    private final Path script;
    private final Path filter;
    private final @Nullable Path bubblewrap;
    private final ExecutorService spawner = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("sandbox-spawner").factory());

    /// @param script launch.sh
    /// @param filter file with the seccomp filter
    /// @param bubblewrap path of bubblewrap, or null where there is none
    Launcher(Path script, Path filter, @Nullable Path bubblewrap) {
        this.script = script;
        this.filter = filter;
        this.bubblewrap = bubblewrap;
    }

    /// Starts `command` in a sandbox and returns when its first process exists.
    ///
    /// @param uid host uid to become first, if any
    /// @param groups files to write the process into before anything else
    /// @param arguments bubblewrap's arguments; nobody inside can read them
    ProcessTree launch(OptionalInt uid, List<Path> groups, List<String> arguments, List<String> command)
            throws EngineException, InterruptedException {
        if (bubblewrap == null) {
            throw new EngineException(Advice.NO_BUBBLEWRAP);
        }
        List<String> words = new ArrayList<>(List.of("/bin/sh", script.toString(), filter.toString(),
                uid.isPresent() ? Integer.toString(uid.getAsInt()) : "-", Integer.toString(groups.size())));
        groups.forEach(group -> words.add(group.toString()));
        words.addAll(List.of("--", bubblewrap.toString(), "--args", "0", "--info-fd", "3", "--seccomp", "9", "--"));
        words.addAll(command);
        Process process = spawn(words);
        try {
            try (OutputStream in = process.getOutputStream()) {
                in.write((String.join("\0", arguments) + "\0").getBytes(StandardCharsets.UTF_8));
            }
            String info = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            Matcher child = CHILD.matcher(info);
            if (!child.find()) {
                throw new IOException("no process was started");
            }
            return new ProcessTree(process, Long.parseLong(child.group(1)));
        } catch (IOException e) {
            process.destroyForcibly();
            process.waitFor();
            throw refused(process, e);
        }
    }

    private Process spawn(List<String> words) throws EngineException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().keySet().retainAll(List.of("PATH"));
        try {
            return spawner.submit(builder::start).get();
        } catch (RejectedExecutionException e) {
            throw new EngineException("the sandbox engine is closed", e);
        } catch (ExecutionException e) {
            throw new EngineException("the sandbox's launcher doesn't start: is /bin/sh there?", e);
        }
    }

    private static EngineException refused(Process process, IOException cause) {
        String said;
        try {
            said = new String(process.getErrorStream().readNBytes(2048), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            said = "";
        }
        return new EngineException(Advice.onFailure(said), new IOException(said, cause));
    }

    /// Lets the kernel kill what still runs: the spawning thread ends.
    @Override
    public void close() {
        spawner.shutdown();
    }
}
