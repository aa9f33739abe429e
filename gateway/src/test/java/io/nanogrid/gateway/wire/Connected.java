package io.nanogrid.gateway.wire;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A channel to a peer on the other end of a real socket.
@Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class Connected {

    static final int MAX_BODY = 100_000;

    @TempDir
    Path directory;

    final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void stopPeers() {
        threads.shutdownNow();
    }

    static Frame call(Channel channel, OutputFiles files) throws IOException {
        return channel.invoke(false, files, Bytes.EMPTY, Bytes.utf8("[1]"), MAX_BODY);
    }

    static Frame call(Channel channel) throws IOException {
        return channel.invoke(false, null, Bytes.EMPTY, Bytes.utf8("[1]"), MAX_BODY);
    }

    /// A channel to a peer that greets, plays its part, and closes.
    Channel connected(Peer.Script script) throws IOException {
        InstanceSocket socket = InstanceSocket.listen(directory);
        threads.submit(() -> {
            try (Peer peer = Peer.connect(directory)) {
                peer.greet();
                script.play(peer);
            }
            return null;
        });
        return socket.accept();
    }
}
