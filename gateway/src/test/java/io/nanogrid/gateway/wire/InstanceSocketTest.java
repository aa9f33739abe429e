package io.nanogrid.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Who may connect, and with what greeting.
class InstanceSocketTest extends Connected {

    @Test
    void aGreetingThatIsNoneIsAViolation() throws Exception {
        try (InstanceSocket socket = InstanceSocket.listen(directory);
                Peer peer = Peer.connect(directory)) {
            peer.say(FrameKind.READY, 0, "", "");
            assertThatThrownBy(socket::accept).isInstanceOf(ProtocolViolation.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"protocol\":2}", "{\"protocol\":\"1\"}", "{}", "", "{\"protocol\":1e9",
            "{\"protocol\":99999999999}"})
    void aBootstrapThatDoesNotSpeakThisProtocolIsRefused(String hello) throws Exception {
        try (InstanceSocket socket = InstanceSocket.listen(directory);
                Peer peer = Peer.connect(directory)) {
            peer.say(FrameKind.HELLO, 0, hello, "");
            assertThatThrownBy(socket::accept).isInstanceOf(ProtocolViolation.class).hasMessageContaining("HELLO");
        }
    }

    @Test
    void theSocketsNameIsGoneOnceSomebodyHasConnected() throws Exception {
        try (Channel _ = connected(Peer::hear)) {
            assertThat(directory).isEmptyDirectory();
        }
    }

    @Test
    void closingEndsTheWaitForAConnection() throws Exception {
        InstanceSocket socket = InstanceSocket.listen(directory);
        Future<Channel> waiting = threads.submit(socket::accept);
        socket.close();
        assertThatThrownBy(waiting::get).hasCauseInstanceOf(ClosedChannelException.class);
    }

    @Test
    void closingEndsTheWaitForTheGreetingOfAnInstanceThatIsSilent() throws Exception {
        InstanceSocket socket = InstanceSocket.listen(directory);
        Future<Channel> waiting = threads.submit(socket::accept);
        try (Peer _ = Peer.connect(directory)) {
            await().until(() -> directory.toFile().list().length == 0);
            socket.close();
            assertThatThrownBy(waiting::get).hasCauseInstanceOf(ClosedChannelException.class);
        }
    }

    @Test
    void closingTheSocketLeavesAChannelThatHasBeenHandedOverOpen() throws Exception {
        InstanceSocket socket = InstanceSocket.listen(directory);
        Future<Channel> accepting = threads.submit(socket::accept);
        try (Peer peer = Peer.connect(directory)) {
            peer.greet();
            try (Channel channel = accepting.get()) {
                socket.close();
                Future<Frame> answer = threads.submit(() -> call(channel));
                peer.say(FrameKind.RESULT, peer.hear().call(), "", "2");
                assertThat(answer.get().body().text()).isEqualTo("2");
            }
        }
    }
}
