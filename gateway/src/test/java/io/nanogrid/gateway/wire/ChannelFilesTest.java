package io.nanogrid.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Files that a call leaves behind, on their way through a channel.
class ChannelFilesTest extends Connected {

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
}
