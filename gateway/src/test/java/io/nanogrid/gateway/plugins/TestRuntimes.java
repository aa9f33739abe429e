package io.nanogrid.gateway.plugins;

import io.nanogrid.spi.RuntimeDescriptor;
import io.nanogrid.spi.RuntimePlugin;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// The real plugins' descriptors, from their compiled classes: they must not get onto the class path. A build of the gateway alone has
/// to name the two modules beside it.
public final class TestRuntimes {

    private TestRuntimes() {
    }

    public static Runtimes all() throws IOException, ReflectiveOperationException {
        return new Runtimes(Map.of("python", python(), "node", load("node", "io.nanogrid.runtime.node.NodeRuntime")),
                List.of());
    }

    public static RuntimeDescriptor python() throws IOException, ReflectiveOperationException {
        return load("python", "io.nanogrid.runtime.python.PythonRuntime");
    }

    private static RuntimeDescriptor load(String module, String type) throws IOException, ReflectiveOperationException {
        URL classes = Path.of("../runtime-plugins/" + module + "/target/classes").toAbsolutePath().normalize().toUri()
                .toURL();
        try (URLClassLoader loader = new URLClassLoader(new URL[]{classes}, TestRuntimes.class.getClassLoader())) {
            return ((RuntimePlugin) loader.loadClass(type).getDeclaredConstructor().newInstance()).describe();
        }
    }
}
