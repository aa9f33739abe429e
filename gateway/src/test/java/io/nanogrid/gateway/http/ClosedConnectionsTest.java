package io.nanogrid.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClosedConnectionsTest {

    private final ClosedConnections closed = ClosedConnections.OF_THIS_MACHINE;

    private boolean isClosed(Socket accepted) {
        return closed.has(accepted.getLocalPort(), accepted.getInetAddress().getHostAddress(), accepted.getPort());
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void whoHangsUpIsNoticedThoughNobodyReads(String address) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getByName(address));
                Socket other = new Socket(server.getInetAddress(), server.getLocalPort());
                Socket acceptedOther = server.accept();
                Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
                Socket accepted = server.accept()) {
            client.getOutputStream().write(1);
            assertThat(isClosed(accepted)).isFalse();

            client.close();

            Awaitility.await().until(() -> isClosed(accepted));
            assertThat(isClosed(acceptedOther)).isFalse();
            assertThat(other.isConnected()).isTrue();
        }
    }

    @Test
    void anAddressMayStandInBrackets() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getByName("::1"));
                Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
                Socket accepted = server.accept()) {
            client.close();

            Awaitility.await().until(() -> closed.has(accepted.getLocalPort(), "[::1]", accepted.getPort()));
        }
    }

    @Test
    void aMachineWithoutTheKernelsTablesHasNone() {
        assertThat(new ClosedConnections(List.of(Path.of("/nonexistent"))).has(80, "127.0.0.1", 1)).isFalse();
    }
}
