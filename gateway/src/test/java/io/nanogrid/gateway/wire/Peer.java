package io.nanogrid.gateway.wire;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/// The instance's side of a socket, which may say whatever it likes.
final class Peer implements AutoCloseable {

    private static final FrameLimits ALL = new FrameLimits(1 << 20, 64 << 20, 64 << 20);

    private final SocketChannel socket;
    private final FrameCodec codec = new FrameCodec();

    private Peer(SocketChannel socket) {
        this.socket = socket;
    }

    @FunctionalInterface
    interface Script {
        void play(Peer peer) throws Exception;
    }

    static Peer connect(Path directory) throws IOException {
        SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        socket.connect(UnixDomainSocketAddress.of(directory.resolve("s")));
        return new Peer(socket);
    }

    void greet() throws IOException {
        say(FrameKind.HELLO, 0, "{\"protocol\":1,\"runtime\":\"test 1\"}", "");
    }

    void say(FrameKind kind, int call, String meta, String body) throws IOException {
        codec.write(socket, new Frame(kind, 0, call, Bytes.utf8(meta), Bytes.utf8(body)));
    }

    void sayRaw(byte... bytes) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(bytes);
        while (all.hasRemaining()) {
            socket.write(all);
        }
    }

    Frame hear() throws IOException {
        return codec.read(socket, ALL);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
