package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.EngineException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Starts sandboxes, all from one platform thread: the kernel kills them when the *thread* that forked them ends, so it
/// must live as long as the engine. Safe for use by many threads.
final class Launcher implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Launcher.class);
    /// How long a process that has failed may take to end.
    private static final Duration ENDING = Duration.ofSeconds(2);
    private static final int MOST_SAID = 2048;
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
    /// @param network connects the sandbox, or null for none
    /// @param arguments bubblewrap's arguments; nobody inside can read them
    ProcessTree launch(OptionalInt uid, List<Path> groups, @Nullable NetworkHelper network, List<String> arguments,
            List<String> command) throws EngineException, InterruptedException {
        if (bubblewrap == null) {
            throw new EngineException(Advice.NO_BUBBLEWRAP);
        }
        List<String> words = words(uid, groups, network);
        words.addAll(List.of(bubblewrap.toString(), "--args", "0", "--info-fd", "3", "--seccomp", "9", "--"));
        words.addAll(command);
        Process process = spawn(new ProcessBuilder(words));
        Process helper = null;
        ProcessTree tree = null;
        try {
            try (OutputStream out = process.getOutputStream()) {
                out.write((String.join("\0", arguments) + "\0").getBytes(StandardCharsets.UTF_8));
            }
            BufferedReader in = process.inputReader(StandardCharsets.UTF_8);
            if (network != null && "network".equals(in.readLine())) {
                helper = spawn(new ProcessBuilder(NetworkHelper.connect(process.pid(), uid))
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD));
            }
            String info = in.readAllAsString();
            Matcher child = CHILD.matcher(info);
            if (!child.find()) {
                throw new IOException("no process was started");
            }
            tree = new ProcessTree(process, helper, Long.parseLong(child.group(1)));
            return tree;
        } catch (IOException e) {
            throw refused(process, e);
        } finally {
            if (tree == null) {
                process.destroyForcibly().onExit().join();
                if (helper != null) {
                    helper.destroyForcibly();
                }
            }
        }
    }

    /// The launcher's own, before bubblewrap.
    private List<String> words(OptionalInt uid, List<Path> groups, @Nullable NetworkHelper network) {
        List<String> words = new ArrayList<>(List.of("/bin/sh", script.toString(), filter.toString(),
                uid.isPresent() ? Integer.toString(uid.getAsInt()) : "-", Integer.toString(groups.size())));
        groups.forEach(group -> words.add(group.toString()));
        words.add("--");
        if (network != null) {
            words.addAll(network.prefix());
        }
        return words;
    }

    private Process spawn(ProcessBuilder builder) throws EngineException, InterruptedException {
        builder.environment().clear();
        try {
            return spawner.submit(builder::start).get();
        } catch (RejectedExecutionException e) {
            throw new EngineException("the sandbox engine is closed", e);
        } catch (ExecutionException e) {
            throw new EngineException("the sandbox's launcher doesn't start: is /bin/sh there?", e);
        }
    }

    /// To be called before the process is destroyed, which would take away what it has said.
    private static EngineException refused(Process process, IOException cause) throws InterruptedException {
        String end = process.waitFor(ENDING.toMillis(), TimeUnit.MILLISECONDS)
                ? "it ended with status " + process.exitValue()
                : "it didn't end within " + ENDING.toSeconds() + " s";
        String said = "";
        try {
            // Not up to the end: others may have the pipe, too.
            InputStream errors = process.getErrorStream();
            said = new String(errors.readNBytes(Math.min(MOST_SAID, errors.available())), StandardCharsets.UTF_8)
                    .replaceAll("\\p{Cntrl}+", " ").strip();
        } catch (IOException e) {
            LOG.debug("What bubblewrap has said can't be read", e);
        }
        LOG.warn("A sandbox can't be made ({}): {} and said: {}", cause.getMessage(), end, said);
        return new EngineException(Advice.onFailure(end, said), cause);
    }

    /// Lets the kernel kill what still runs: the spawning thread ends.
    @Override
    public void close() {
        spawner.shutdown();
    }
}
