package io.nanogrid.gateway.engine.sandbox;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Programs of the host.
final class Programs {

    private Programs() {
    }

    /// Where a program is, or null where it isn't installed.
    static @Nullable Path find(String name) {
        return Stream.concat(Stream.of("/usr/bin", "/usr/sbin", "/usr/local/bin"),
                Stream.of(System.getenv().getOrDefault("PATH", "").split(":")))
                .filter(directory -> directory.startsWith("/"))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }
}
