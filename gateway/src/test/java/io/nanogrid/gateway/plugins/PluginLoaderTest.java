package io.nanogrid.gateway.plugins;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.plugins.Runtimes.PluginProblem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginLoaderTest {

    /// Everybody may ask for `/health`, which repeats what is wrong with a plugin.
    @Test
    void whatIsWrongWithAPluginIsSaidWithoutItsPlace(@TempDir Path directory) throws Exception {
        Files.writeString(directory.resolve("garbage.jar"), "no jar");
        Files.createFile(directory.resolve("nothing.jar"));
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(directory.resolve("plain.jar")))) {
            jar.putNextEntry(new JarEntry("file"));
        }
        try (PluginLoader loader = new PluginLoader(List.of(directory), "0.1.0")) {
            List<PluginProblem> problems = loader.load().problems();

            assertThat(problems).extracting(PluginProblem::plugin).containsExactly("garbage.jar", "nothing.jar",
                    "plain.jar");
            assertThat(problems).extracting(PluginProblem::reason)
                    .noneMatch(reason -> reason.contains(directory.toString()) || reason.contains("null"));
        }
    }
}
