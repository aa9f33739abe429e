package io.nanogrid.gateway.engine;

import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor.Dependencies;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/// Requests whose installer is a Python script of the test: its first argument is the directory to install to.
public final class Installs {

    private static final AtomicLong KEY = new AtomicLong(ProcessHandle.current().pid() << 24);

    private Installs() {
    }

    /// A request with a key of its own.
    public static DependencyRequest request(String script) {
        return new DependencyRequest(
                Probe.python(new Dependencies("install.py", List.of("install.py"),
                        List.of("{interpreter}", "{manifest}", "{target}"), Map.of("INSTALLING", "1"))),
                "%016x".formatted(KEY.incrementAndGet()),
                Map.of("install.py", Content.of(script.getBytes(StandardCharsets.UTF_8))));
    }
}
