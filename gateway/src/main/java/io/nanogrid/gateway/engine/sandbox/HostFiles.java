package io.nanogrid.gateway.engine.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.nanogrid.gateway.config.AddressRange;
import io.nanogrid.gateway.engine.BootstrapDigest;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the engine keeps on the host's disk for its sandboxes: launcher, filter, a small `/etc`, bootstraps.
/// Everything in it is readable for all and writable for the gateway alone. Safe for use by many threads.
final class HostFiles {

    private final Path directory;
    private final Path script;
    private final Path filter;
    private final Path etc;
    private final NetworkHelper network;

    /// Where the seccomp filter is.
    static Path filter(Path directory) {
        return directory.resolve("filter.bpf");
    }

    /// @param networkAllow ranges of NETWORK_ALLOW
    /// @param system root directory of the operating system that sandboxes see
    HostFiles(Path directory, List<AddressRange> networkAllow, Path system) {
        this.directory = directory;
        try {
            makeDirectory(directory);
            this.script = write(directory.resolve("launch.sh"), resource("launch.sh"));
            this.filter = write(filter(directory),
                    SeccompFilter.assemble(SeccompFilter.Architecture.of(System.getProperty("os.arch"))));
            this.network = new NetworkHelper(write(directory.resolve("network.sh"), resource("network.sh")),
                    write(directory.resolve("network.rules"), NetworkHelper.rules(networkAllow).getBytes(UTF_8)));
            this.etc = EtcDirectory.make(directory.resolve("etc"), system.resolve("etc"));
        } catch (IOException e) {
            throw new UncheckedIOException("the sandbox's runtime directory can't be written: " + directory, e);
        }
    }

    Path script() {
        return script;
    }

    Path filter() {
        return filter;
    }

    Path etc() {
        return etc;
    }

    NetworkHelper network() {
        return network;
    }

    /// A directory with the bootstrap files of `runtime`, made when it isn't there yet.
    Path bootstrap(RuntimeDescriptor runtime) throws EngineException {
        Path place = directory.resolve("bootstrap").resolve(runtime.id() + "-" + BootstrapDigest.of(runtime, 8));
        if (Files.isDirectory(place)) {
            return place;
        }
        try {
            Path parts = makeDirectory(directory.resolve("bootstrap"));
            Path made = makeDirectory(Files.createTempDirectory(parts, ".new-"));
            for (var file : runtime.bootstrap().entrySet()) {
                write(inside(made, file.getKey()), file.getValue().toByteArray());
            }
            publish(made, place);
            return place;
        } catch (IOException e) {
            throw new EngineException("the bootstrap of runtime '" + runtime.id() + "' can't be stored", e);
        }
    }

    /// Removes what earlier lives have left.
    void reconcile() throws IOException {
        delete(directory.resolve("bootstrap"));
    }

    /// Makes `made` visible as `place` in one step; where another was faster, its result stands.
    static void publish(Path made, Path place) throws IOException {
        try {
            Files.move(made, place, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (!Files.isDirectory(place)) {
                throw e;
            }
            delete(made);
        }
    }

    static Path makeDirectory(Path directory) throws IOException {
        Files.createDirectories(directory);
        return Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    static Path write(Path file, byte[] content) throws IOException {
        Path parent = file.getParent();
        if (parent != null && !Files.isDirectory(parent)) {
            makeDirectory(parent);
        }
        Files.write(file, content);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    }

    /// `name` below `directory`, or an exception when it would lead out of it.
    static Path inside(Path directory, String name) throws IOException {
        Path path = directory.resolve(name).normalize();
        if (!path.startsWith(directory) || path.equals(directory)) {
            throw new IOException("a file's name leads out of its directory: " + name);
        }
        return path;
    }

    /// Gives a file or directory, not what a link points at, to a user.
    static void own(Path path, int uid, String permissions) throws IOException {
        Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", uid, LinkOption.NOFOLLOW_LINKS);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    /// The first directory on the way to `path` that other users can't pass through, or null.
    static @Nullable Path barrier(Path path) throws IOException {
        for (Path parent = path.getParent(); parent != null; parent = parent.getParent()) {
            if (Files.exists(parent)
                    && !Files.getPosixFilePermissions(parent).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                return parent;
            }
        }
        return null;
    }

    static void delete(Path tree) throws IOException {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
                    throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = HostFiles.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("the gateway's jar has no " + name);
            }
            return in.readAllBytes();
        }
    }
}
