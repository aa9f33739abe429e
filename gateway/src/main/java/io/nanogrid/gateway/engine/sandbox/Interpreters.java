package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds programs that a sandbox can run: in the system that it shows, or elsewhere on the host together with their prefix.
/// Safe for use by many threads.
final class Interpreters {

    private static final Logger LOG = LoggerFactory.getLogger(Interpreters.class);
    private static final Duration TRIAL_LIMIT = Duration.ofSeconds(20);

    private final @Nullable Path root;
    private final List<Path> searchPath;
    private final Trials trials;
    private final Map<List<String>, Found> found = new ConcurrentHashMap<>();

    /// @param root directory with the operating system to show, or null for the host's own
    /// @param searchPath directories to look in after `/usr/bin` and `/usr/local/bin`
    Interpreters(@Nullable Path root, List<Path> searchPath, Trials trials) {
        this.root = root;
        this.searchPath = searchPath;
        this.trials = trials;
    }

    /// A program that has run in a sandbox.
    ///
    /// @param said what it answered to `--version`
    /// @param stamp tells its file from one that has taken its place
    record Found(Program program, String said, Object stamp) {
    }

    /// Something that may be the wanted program; only running it tells.
    ///
    /// @param path where it is inside
    /// @param prefix directory to show read-only at the same place, or null where it is part of the system
    record Program(String path, @Nullable Path prefix) {

        /// Value of `PATH` under which it and its neighbours are found.
        String searchPath(String system) {
            return prefix == null ? system : Path.of(path).getParent() + ":" + system;
        }
    }

    /// The first of the runtime's interpreters that answers to `--version` in a sandbox; remembered until another file takes its place, as
    /// when the host's system is upgraded.
    Found find(RuntimeDescriptor runtime) throws EngineException, InterruptedException {
        Found known = found.get(runtime.interpreters());
        if (known != null && known.stamp().equals(stamp(known.program()))) {
            return known;
        }
        for (Program program : candidates(runtime.interpreters())) {
            Object stamp = stamp(program);
            Trials.Result result = trials.run(List.of(program.path(), "--version"), program.prefix(), TRIAL_LIMIT);
            if (result.good()) {
                Found working = new Found(program, result.output(), stamp);
                found.put(runtime.interpreters(), working);
                return working;
            }
            LOG.info("{} doesn't run in the sandbox: {}", program.path(), result.output());
        }
        String name = runtime.interpreters().getFirst();
        throw new EngineException(name + " isn't installed: apt-get install " + packageOf(name));
    }

    /// What the last [#find] found.
    Optional<Found> known(RuntimeDescriptor runtime) {
        return Optional.ofNullable(found.get(runtime.interpreters()));
    }

    private Object stamp(Program program) {
        try {
            Path file = host(Path.of(program.path())).toRealPath();
            return List.of(file, Files.getLastModifiedTime(file), Files.getAttribute(file, "unix:ino"));
        } catch (IOException e) {
            // A root directory's own absolute links lead nowhere on the host.
            return program;
        }
    }

    private Path host(Path inside) {
        return root == null ? inside : root.resolve(inside.toString().substring(1));
    }

    private static String packageOf(String interpreter) {
        return interpreter.equals("node") ? "nodejs" : interpreter;
    }

    private List<Program> candidates(List<String> names) {
        Set<Program> candidates = new LinkedHashSet<>();
        for (String name : names) {
            for (String directory : List.of("/usr/bin", "/usr/local/bin")) {
                Path inside = Path.of(directory, name);
                if (Files.isExecutable(host(inside))) {
                    candidates.add(new Program(inside.toString(), null));
                }
            }
            if (root == null) {
                candidates.addAll(elsewhere(name));
            }
        }
        return List.copyOf(candidates);
    }

    private List<Program> elsewhere(String name) {
        List<Program> programs = new ArrayList<>();
        for (Path directory : searchPath) {
            try {
                Path real = directory.resolve(name).toRealPath();
                Path bin = real.getParent();
                Path prefix = bin == null ? null : bin.getParent();
                if (bin != null && prefix != null && isInstallation(prefix, bin) && Files.isExecutable(real)) {
                    programs.add(new Program(real.toString(), prefix));
                }
            } catch (IOException e) {
                // Not here.
            }
        }
        return programs;
    }

    /// Not just any directory above a `bin`: someone's home would be shown to every function.
    private static boolean isInstallation(Path prefix, Path bin) {
        return prefix.getNameCount() > 1
                && bin.endsWith("bin")
                && Files.isDirectory(prefix.resolve("lib"))
                && !prefix.startsWith("/usr")
                && !prefix.equals(Path.of(System.getProperty("user.home")));
    }
}
