package io.nanogrid.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.management.ThreadMXBean;
import java.io.EOFException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChannelTest {

    private static final int MAX_BODY = 100_000;

    @TempDir
    private Path directory;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void stopPeers() {
        threads.shutdownNow();
    }

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

    @Test
    void theFilesOfACallAreCollectedBeforeItsAnswer() throws Exception {
        Received received = new Received();
        OutputFiles files = new OutputFiles(received);
        try (Channel channel = connected(peer -> {
            int call = peer.hear().call();
            peer.say(FrameKind.FILE, call, "{\"path\":\"a.txt\"}", "first");
            peer.say(FrameKind.FILE, call, "{\"path\":\"dir/grö\u00dfe 🚀.bin\",\"more\":[1]}", "x".repeat(1_000_000));
            peer.say(FrameKind.RESULT, call, "", "1");
        })) {
            assertThat(call(channel, files).body().text()).isEqualTo("1");
        }
        assertThat(files.list()).containsExactly("a.txt", "dir/größe 🚀.bin");
        assertThat(received.files()).isEqualTo(
                Map.of("a.txt", Bytes.utf8("first"), "dir/größe 🚀.bin", Bytes.utf8("x".repeat(1_000_000))));
    }

    @Test
    void aFileThatNobodyAskedForIsAViolation() throws Exception {
        try (Channel channel = connected(
                peer -> peer.say(FrameKind.FILE, peer.hear().call(), "{\"path\":\"a\"}", ""))) {
            assertThatThrownBy(() -> call(channel)).isInstanceOf(ProtocolViolation.class).hasMessageContaining("FILE");
        }
    }

    @Test
    void aFileOfAnotherCallIsAViolation() throws Exception {
        assertFilesAreAViolation(peer -> peer.say(FrameKind.FILE, peer.hear().call() + 1, "{\"path\":\"a\"}", ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "{", "{\"path\":1}", "{\"path\":null}", "{\"path\":\"\"}", "{\"path\":\"/a\"}",
            "{\"path\":\"a/\"}", "{\"path\":\"a//b\"}", "{\"path\":\"..\"}", "{\"path\":\"a/../b\"}",
            "{\"path\":\"./a\"}",
            "{\"path\":\"a\\\\b\"}", "{\"path\":\"a\\nb\"}", "{\"path\":\"a\\u0000\"}", "{\"path\":\"a\\u0085\"}",
            "{\"path\":\"\\ud800\"}"})
    void aFileWhosePathIsNotRelativeAndPlainIsAViolation(String meta) throws Exception {
        assertFilesAreAViolation(peer -> peer.say(FrameKind.FILE, peer.hear().call(), meta, ""));
    }

    @ParameterizedTest
    @ValueSource(ints = {201, 5000})
    void aFileWithALongPathIsAViolation(int length) throws Exception {
        assertFilesAreAViolation(peer -> peer.say(FrameKind.FILE, peer.hear().call(),
                "{\"path\":\"" + "a/".repeat(length / 2) + "a".repeat(length % 2) + "a\"}", ""));
    }

    @Test
    void aFileNameThatNoFileSystemTakesIsAViolation() throws Exception {
        assertFilesAreAViolation(
                peer -> peer.say(FrameKind.FILE, peer.hear().call(), "{\"path\":\"" + "世".repeat(86) + "\"}", ""));
    }

    @ParameterizedTest
    @CsvSource({"a,a", "a,a/b", "a/b,a", "a/b/c,a/b", "a/b,a/b/c/d"})
    void twoFilesThatCanNotLieBesideEachOtherAreAViolation(String first, String second) throws Exception {
        assertFilesAreAViolation(peer -> {
            int call = peer.hear().call();
            peer.say(FrameKind.FILE, call, "{\"path\":\"a.txt\"}", "");
            peer.say(FrameKind.FILE, call, "{\"path\":\"" + first + "\"}", "");
            peer.say(FrameKind.FILE, call, "{\"path\":\"" + second + "\"}", "");
            peer.say(FrameKind.RESULT, call, "", "1");
        });
    }

    @Test
    void aHundredFilesAreTakenAndOneMoreIsAViolation() throws Exception {
        OutputFiles files = new OutputFiles(new Received());
        Peer.Script hundred = peer -> {
            for (int i = 0; i < OutputFiles.MAX_FILES; i++) {
                peer.say(FrameKind.FILE, 1, "{\"path\":\"" + i + "\"}", "");
            }
        };
        try (Channel channel = connected(peer -> {
            peer.hear();
            hundred.play(peer);
            peer.say(FrameKind.RESULT, 1, "", "1");
        })) {
            call(channel, files);
            assertThat(files.list()).hasSize(OutputFiles.MAX_FILES);
        }
        assertFilesAreAViolation(peer -> {
            peer.hear();
            hundred.play(peer);
            peer.say(FrameKind.FILE, 1, "{\"path\":\"more\"}", "");
        });
    }

    @Test
    void allFilesTogetherMayHaveSoManyBytesAndOneMoreIsAViolation() throws Exception {
        String half = "x".repeat(OutputFiles.MAX_BYTES / 2);
        OutputFiles files = new OutputFiles(new Received());
        Peer.Script full = peer -> {
            peer.hear();
            peer.say(FrameKind.FILE, 1, "{\"path\":\"a\"}", half);
            peer.say(FrameKind.FILE, 1, "{\"path\":\"b\"}", half);
        };
        try (Channel channel = connected(peer -> {
            full.play(peer);
            peer.say(FrameKind.RESULT, 1, "", "1");
        })) {
            call(channel, files);
            assertThat(files.list()).hasSize(2);
        }
        assertFilesAreAViolation(peer -> {
            full.play(peer);
            peer.say(FrameKind.FILE, 1, "{\"path\":\"c\"}", "x");
        });
    }

    @Test
    void filesPassThroughWithoutBeingHeldInMemory() throws Exception {
        String large = "x".repeat(OutputFiles.MAX_BYTES);
        AtomicLong passed = new AtomicLong();
        OutputFiles files = new OutputFiles(new OutputSink() {
            @Override
            public void begin(String path, long size) {
            }

            @Override
            public void write(ByteBuffer piece) {
                passed.addAndGet(piece.remaining());
            }
        });
        var memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Channel channel = connected(peer -> {
            peer.hear();
            peer.say(FrameKind.FILE, 1, "{\"path\":\"a\"}", large);
            peer.say(FrameKind.RESULT, 1, "", "1");
        })) {
            long before = memory.getCurrentThreadAllocatedBytes();
            call(channel, files);

            assertThat(memory.getCurrentThreadAllocatedBytes() - before).isLessThan(4 << 20);
        }
        assertThat(passed).hasValue(OutputFiles.MAX_BYTES);
    }

    private void assertFilesAreAViolation(Peer.Script script) throws IOException {
        try (Channel channel = connected(script)) {
            assertThatThrownBy(() -> call(channel, new OutputFiles(new Received())))
                    .isInstanceOf(ProtocolViolation.class);
        }
    }

    private static Frame call(Channel channel, OutputFiles files) throws IOException {
        return channel.invoke(false, files, Bytes.EMPTY, Bytes.utf8("[1]"), MAX_BODY);
    }

    private static Frame call(Channel channel) throws IOException {
        return channel.invoke(false, null, Bytes.EMPTY, Bytes.utf8("[1]"), MAX_BODY);
    }

    /// A channel to a peer that greets, plays its part, and closes.
    private Channel connected(Peer.Script script) throws IOException {
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
