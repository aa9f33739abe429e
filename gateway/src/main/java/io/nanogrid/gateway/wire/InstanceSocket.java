package io.nanogrid.gateway.wire;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/// The socket on which one instance is expected. It takes one connection, and then its name is gone.
public final class InstanceSocket implements AutoCloseable {

    private static final String NAME = "s";

    private final ServerSocketChannel server;
    private final Path path;
    /// Guarded by this: an instance that has connected and not greeted yet.
    private @Nullable Channel unfinished;
    /// Guarded by this.
    private boolean closed;

    private InstanceSocket(ServerSocketChannel server, Path path) {
        this.server = server;
        this.path = path;
    }

    /// Listens in `directory`, under the name that the protocol gives.
    ///
    /// @throws IOException if the path is longer than a unix socket's may be (107 bytes), or can't be made
    public static InstanceSocket listen(Path directory) throws IOException {
        Path path = directory.resolve(NAME);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(path), 1);
            // The directory decides who can reach it; the instance has a uid of its own.
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
            return new InstanceSocket(server, path);
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    /// Waits until the instance has connected and greeted. [#close] from another thread ends the wait, for either of the two.
    ///
    /// @throws ProtocolViolation if what connects doesn't speak the protocol
    public Channel accept() throws IOException {
        Channel channel = new Channel(server.accept());
        greeting(channel);
        try {
            unlisten();
            channel.hello();
            handOver();
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private synchronized void greeting(Channel channel) {
        unfinished = channel;
        if (closed) {
            channel.close();
        }
    }

    private synchronized void handOver() throws IOException {
        if (closed) {
            throw new AsynchronousCloseException();
        }
        unfinished = null;
    }

    private void unlisten() throws IOException {
        server.close();
        Files.deleteIfExists(path);
    }

    /// Leaves a channel alone that [#accept] has returned.
    @Override
    public synchronized void close() throws IOException {
        closed = true;
        if (unfinished != null) {
            unfinished.close();
        }
        unlisten();
    }
}
