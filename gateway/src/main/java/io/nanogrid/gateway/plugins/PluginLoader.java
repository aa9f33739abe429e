package io.nanogrid.gateway.plugins;

import io.nanogrid.gateway.plugins.Runtimes.PluginProblem;
import io.nanogrid.spi.RuntimeDescriptor;
import io.nanogrid.spi.RuntimePlugin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.pf4j.DefaultPluginManager;
import org.pf4j.PluginState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Loads runtime plugins out of directories of jars, each with a class loader of its own. One that can't be used is reported and stops nothing else.
public final class PluginLoader implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PluginLoader.class);

    private final Manager manager;
    private final List<Path> directories;

    /// @param directories where plugins lie; of two plugins with one id the one in the earlier directory counts
    /// @param spiVersion what plugins' `Plugin-Requires` is compared with
    public PluginLoader(List<Path> directories, String spiVersion) {
        this.directories = directories.stream().map(directory -> directory.toAbsolutePath().normalize()).distinct()
                .toList();
        this.manager = new Manager();
        manager.setSystemVersion(spiVersion);
    }

    /// Loads all that is there. To be called once.
    public Runtimes load() throws IOException {
        List<PluginProblem> problems = new ArrayList<>();
        Map<String, RuntimeDescriptor> runtimes = new LinkedHashMap<>();
        for (Path directory : directories) {
            for (Path jar : jars(directory)) {
                load(jar, runtimes, problems);
            }
        }
        for (PluginProblem problem : problems) {
            LOG.warn("The plugin {} can't be used: {}", problem.plugin(), problem.reason());
        }
        return new Runtimes(runtimes, problems);
    }

    private static List<Path> jars(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().endsWith(".jar")).sorted().toList();
        }
    }

    /// A plugin is foreign code: whatever it throws, linkage errors too, is its own problem and no one else's.
    @SuppressWarnings("CatchAndPrintStackTrace")
    private void load(Path jar, Map<String, RuntimeDescriptor> runtimes, List<PluginProblem> problems) {
        String name = jar.getFileName().toString();
        try {
            String id = manager.loadPlugin(jar);
            if (manager.startPlugin(id) != PluginState.STARTED) {
                problems.add(new PluginProblem(id, withoutPlace(whyNotStarted(id), jar)));
                return;
            }
            List<RuntimePlugin> found = manager.getExtensions(RuntimePlugin.class, id);
            if (found.isEmpty()) {
                problems.add(new PluginProblem(id,
                        "it has no RuntimePlugin with @Extension; was it compiled with annotation processing?"));
                return;
            }
            for (RuntimePlugin plugin : found) {
                runtimes.put(id, plugin.describe());
            }
        } catch (RuntimeException | LinkageError e) {
            LOG.debug("Plugin {}", name, e);
            problems.add(new PluginProblem(name,
                    withoutPlace(e.getClass().getSimpleName() + ": " + e.getMessage(), jar)));
        }
    }

    /// Everybody may read the reason in `/health`, and nobody needs to know the host's directories for that.
    private static String withoutPlace(String reason, Path jar) {
        return reason.replace(jar.toString(), jar.getFileName().toString())
                .replace(String.valueOf(jar.getParent()), "the plugins' directory");
    }

    private String whyNotStarted(String id) {
        Throwable failure = manager.getPlugin(id).getFailedException();
        return failure == null
                ? "it is " + manager.getPlugin(id).getPluginState() + "; it may need another version of the gateway"
                : String.valueOf(failure.getMessage());
    }

    @Override
    public void close() {
        manager.stopPlugins();
        manager.unloadPlugins();
    }

    private static final class Manager extends DefaultPluginManager {
        Manager() {
            setResolveRecoveryStrategy(ResolveRecoveryStrategy.IGNORE_PLUGIN_AND_CONTINUE);
        }
    }
}
