package io.nanogrid.gateway.engine.docker;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Stands between an engine and the real daemon, and can take the daemon away: an engine can't tell it from a daemon that stops.
final class DaemonRelay implements AutoCloseable {

    static final Path DAEMON = Path.of("/var/run/docker.sock");

    private final Path socket;
    private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();
    private @Nullable ServerSocketChannel server;
    private volatile boolean silent;

    DaemonRelay(Path directory) throws IOException {
        socket = directory.resolve("d.sock");
        open();
    }

    String host() {
        return "unix://" + socket;
    }

    /// Takes requests and never answers.
    void hang() {
        silent = true;
        cut();
    }

    /// Breaks all connections and refuses new ones.
    void shut() throws IOException {
        if (server != null) {
            server.close();
        }
        Files.deleteIfExists(socket);
        cut();
    }

    void open() throws IOException {
        silent = false;
        var listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listening.bind(UnixDomainSocketAddress.of(socket));
        server = listening;
        Thread.ofVirtual().start(() -> accept(listening));
    }

    private void cut() {
        connections.forEach(DaemonRelay::closeQuietly);
        connections.clear();
    }

    private void accept(ServerSocketChannel listening) {
        try {
            while (true) {
                SocketChannel client = listening.accept();
                connections.add(client);
                if (silent) {
                    continue;
                }
                SocketChannel daemon = SocketChannel.open(UnixDomainSocketAddress.of(DAEMON));
                connections.add(daemon);
                Thread.ofPlatform().daemon().start(() -> copy(client, daemon));
                Thread.ofPlatform().daemon().start(() -> copy(daemon, client));
            }
        } catch (IOException _) {
            // Closed: no daemon from here on.
        }
    }

    private void copy(SocketChannel from, SocketChannel to) {
        var buffer = ByteBuffer.allocate(1 << 16);
        try (from; to) {
            while (from.read(buffer.clear()) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
            }
        } catch (IOException _) {
            // One side is gone, and with it the other.
        } finally {
            connections.remove(from);
            connections.remove(to);
        }
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException _) {
            // It is closed as far as anyone cares.
        }
    }

    @Override
    public void close() throws IOException {
        shut();
    }
}
