package io.nanogrid.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.EOFException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// What is sent and what is taken of an instance, and how a wait ends.
class ChannelTest extends Connected {

    @Test
    void theAnswerToTheCurrentCallIsTaken() throws Exception {
        try (Channel channel = connected(peer -> {
            Frame invoke = peer.hear();
            peer.say(FrameKind.RESULT, invoke.call(), "", invoke.body().text());
        })) {
            assertThat(call(channel).body().text()).isEqualTo("[1]");
        }
    }

    @Test
    void callsAreNumberedOneAfterTheOther() throws Exception {
        try (Channel channel = connected(peer -> {
            for (int i = 0; i < 3; i++) {
                int id = peer.hear().call();
                peer.say(FrameKind.RESULT, id, "", String.valueOf(id));
            }
        })) {
            assertThat(call(channel).body().text() + call(channel).body().text() + call(channel).body().text())
                    .isEqualTo("123");
        }
    }

    @Test
    void anAnswerToAnotherCallIsAViolation() throws Exception {
        try (Channel channel = connected(peer -> peer.say(FrameKind.RESULT, peer.hear().call() + 1, "", "1"))) {
            assertThatThrownBy(() -> call(channel)).isInstanceOf(ProtocolViolation.class)
                    .hasMessageContaining("call 2");
        }
    }

    @Test
    void twoAnswersAtOnceAreAViolation() throws Exception {
        try (Channel channel = connected(peer -> {
            peer.hear();
            byte[] twice = new byte[2 * (Frame.HEAD + 1)];
            for (int at = 0; at < twice.length; at += Frame.HEAD + 1) {
                twice[at + 3] = Frame.HEAD_AFTER_LENGTH + 1;
                twice[at + 4] = (byte) FrameKind.RESULT.number;
                twice[at + 9] = 1;
                twice[at + 14] = '1';
            }
            peer.sayRaw(twice);
        })) {
            assertThatThrownBy(() -> call(channel)).isInstanceOf(ProtocolViolation.class)
                    .hasMessageContaining("bytes after a frame");
        }
    }

    @Test
    void aSecondAnswerIsNotTakenForTheNextCalls() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        CountDownLatch repeated = new CountDownLatch(1);
        try (Channel channel = connected(peer -> {
            peer.hear();
            peer.say(FrameKind.RESULT, 1, "", "1");
            answered.await();
            peer.say(FrameKind.RESULT, 1, "", "1");
            repeated.countDown();
            peer.hear();
        })) {
            call(channel);
            answered.countDown();
            repeated.await();
            assertThatThrownBy(() -> call(channel)).isInstanceOf(ProtocolViolation.class);
        }
    }

    @Test
    void aBodyOverTheLimitIsToldApartFromAViolation() throws Exception {
        try (Channel channel = connected(
                peer -> peer.say(FrameKind.RESULT, peer.hear().call(), "", "x".repeat(MAX_BODY + 1)))) {
            assertThatThrownBy(() -> call(channel)).isInstanceOf(FrameTooLarge.class);
        }
    }

    @Test
    void metaOverAMegabyteIsAViolation() throws Exception {
        try (Channel channel = connected(
                peer -> peer.say(FrameKind.RESULT, peer.hear().call(), "{" + " ".repeat(1 << 20), ""))) {
            assertThatThrownBy(() -> call(channel)).isInstanceOf(ProtocolViolation.class);
        }
    }

    @Test
    void initFromAnInstanceIsAViolation() throws Exception {
        try (Channel channel = connected(peer -> peer.say(FrameKind.INIT, peer.hear().call(), "", ""))) {
            assertThatThrownBy(() -> call(channel)).isInstanceOf(ProtocolViolation.class).hasMessageContaining("INIT");
        }
    }

    @Test
    void aResultBeforeTheFunctionIsLoadedIsAViolation() throws Exception {
        try (Channel channel = connected(peer -> {
            peer.hear();
            peer.say(FrameKind.RESULT, 0, "", "");
        })) {
            assertThatThrownBy(() -> channel.init(Bytes.utf8("{}"), Bytes.EMPTY)).isInstanceOf(ProtocolViolation.class);
        }
    }

    @Test
    void anInitErrorIsAnAnswer() throws Exception {
        try (Channel channel = connected(peer -> {
            peer.hear();
            peer.say(FrameKind.INIT_ERROR, 0, "{\"errorType\":\"SyntaxError\"}", "");
        })) {
            assertThat(channel.init(Bytes.utf8("{}"), Bytes.EMPTY).kind()).isEqualTo(FrameKind.INIT_ERROR);
        }
    }

    @Test
    void aBodyInAnInitErrorIsTooLarge() throws Exception {
        try (Channel channel = connected(peer -> {
            peer.hear();
            peer.say(FrameKind.INIT_ERROR, 0, "{}", "x");
        })) {
            assertThatThrownBy(() -> channel.init(Bytes.utf8("{}"), Bytes.EMPTY)).isInstanceOf(FrameTooLarge.class);
        }
    }

    @Test
    void anInstanceThatClosesInsteadOfAnsweringIsAnEnd() throws Exception {
        try (Channel channel = connected(Peer::hear)) {
            assertThatThrownBy(() -> call(channel)).isInstanceOf(EOFException.class).hasMessage("closed");
        }
    }

    @Test
    void anInstanceThatClosesWithinAnAnswerIsAnEnd() throws Exception {
        try (Channel channel = connected(peer -> {
            peer.hear();
            peer.sayRaw(new byte[]{0, 0, 1, 0, 6});
        })) {
            assertThatThrownBy(() -> call(channel)).isInstanceOf(EOFException.class).hasMessageContaining("within");
        }
    }

    @Test
    void closingEndsTheWaitForAnAnswer() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        try (Channel channel = connected(peer -> {
            peer.hear();
            asked.countDown();
            peer.hear();
        })) {
            Future<Frame> waiting = threads.submit(() -> call(channel));
            asked.await();
            channel.close();
            assertThatThrownBy(waiting::get).hasCauseInstanceOf(ClosedChannelException.class);
        }
    }

    @Test
    void closingEndsASendThatNobodyReads() throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        try (Channel channel = connected(_ -> {
            connected.countDown();
            over.await();
        })) {
            connected.await();
            Future<Frame> waiting = threads.submit(
                    () -> channel.invoke(false, null, Bytes.EMPTY, Bytes.wrap(new byte[32 << 20]), MAX_BODY));
            channel.close();
            assertThatThrownBy(waiting::get).hasCauseInstanceOf(ClosedChannelException.class);
            over.countDown();
        }
    }
}
