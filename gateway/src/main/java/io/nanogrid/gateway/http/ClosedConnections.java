package io.nanogrid.gateway.http;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/// The connections whose clients have hung up, as the kernel's tables have them: nobody reads from a connection while its request is being
/// answered, so the server itself can't tell. Elsewhere than on Linux there are none.
///
/// Safe for use by many threads; however many ask, the tables are read twice a second at most.
final class ClosedConnections {

    static final ClosedConnections OF_THIS_MACHINE = new ClosedConnections(
            List.of(Path.of("/proc/self/net/tcp"), Path.of("/proc/self/net/tcp6")));

    private static final long FRESH_NANOS = Duration.ofMillis(500).toNanos();
    /// `TCP_CLOSE_WAIT`: the other end has said that it sends nothing more.
    private static final String CLOSE_WAIT = "08";

    private final List<Path> tables;
    private final ReentrantLock lock = new ReentrantLock();
    /// Guarded by the lock, as are the next two.
    private Set<Connection> closed = Set.of();
    private boolean read;
    private long readAt;

    ClosedConnections(List<Path> tables) {
        this.tables = tables;
    }

    /// A connection to one of this machine's ports.
    private record Connection(int localPort, InetAddress remote, int remotePort) {
    }

    boolean has(int localPort, String remoteAddress, int remotePort) {
        try {
            String literal = remoteAddress.startsWith("[")
                    ? remoteAddress.substring(1, remoteAddress.length() - 1)
                    : remoteAddress;
            return closed().contains(new Connection(localPort, InetAddress.ofLiteral(literal), remotePort));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private Set<Connection> closed() {
        lock.lock();
        try {
            long now = System.nanoTime();
            if (!read || now - readAt > FRESH_NANOS) {
                Set<Connection> found = new HashSet<>();
                tables.forEach(table -> addFrom(table, found));
                closed = found;
                readAt = now;
                read = true;
            }
            return closed;
        } finally {
            lock.unlock();
        }
    }

    private static void addFrom(Path table, Set<Connection> found) {
        try (Stream<String> lines = Files.lines(table, StandardCharsets.US_ASCII)) {
            lines.map(line -> line.strip().split(" +"))
                    .filter(fields -> fields.length > 3 && fields[3].equals(CLOSE_WAIT))
                    .forEach(fields -> found.add(connection(fields[1], fields[2])));
        } catch (IOException e) {
            // A machine without such a table.
        }
    }

    private static Connection connection(String local, String remote) {
        int colon = remote.indexOf(':');
        return new Connection(port(local), address(remote.substring(0, colon)), port(remote));
    }

    private static int port(String end) {
        return Integer.parseInt(end, end.indexOf(':') + 1, end.length(), 16);
    }

    /// The kernel writes each word of four bytes as one number, which on little-endian machines turns it round. IPv4 in IPv6 becomes IPv4.
    private static InetAddress address(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        for (int word = 0; word < bytes.length; word += 4) {
            swap(bytes, word, word + 3);
            swap(bytes, word + 1, word + 2);
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void swap(byte[] bytes, int one, int other) {
        byte kept = bytes[one];
        bytes[one] = bytes[other];
        bytes[other] = kept;
    }
}
