package io.nanogrid.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.ThreadMXBean;
import io.nanogrid.gateway.wire.GoldenFrames.Golden;
import io.nanogrid.gateway.wire.GoldenFrames.Malformed;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameCodecTest {

    private static final FrameLimits ROOMY = FrameLimits.result(6 << 20).withFile(6 << 20);

    private final FrameCodec codec = new FrameCodec();

    static Stream<Golden> golden() {
        return GoldenFrames.frames();
    }

    /// The bytes that the codec itself refuses.
    static Stream<Malformed> malformed() {
        return GoldenFrames.malformed().filter(entry -> !isLeftToTheReader(entry));
    }

    /// Meta that starts as an object and is none: whoever needs it finds out, and who doesn't need it doesn't parse it.
    static Stream<Malformed> leftToTheReader() {
        return GoldenFrames.malformed().filter(FrameCodecTest::isLeftToTheReader);
    }

    private static boolean isLeftToTheReader(Malformed entry) {
        return entry.why().startsWith("meta is not a JSON object") && entry.bytes().array()[Frame.HEAD] == '{';
    }

    @ParameterizedTest
    @MethodSource("golden")
    void aGoldenFrameIsWrittenByteForByte(Golden golden) throws IOException {
        assertThat(written(golden.frame())).isEqualTo(golden.bytes());
    }

    @ParameterizedTest
    @MethodSource("golden")
    void aGoldenFrameIsReadAsWhatItIs(Golden golden) throws IOException {
        assertThat(read(golden.bytes(), ROOMY)).isEqualTo(golden.frame());
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void aMalformedFrameIsRefused(Malformed malformed) {
        assertThatThrownBy(() -> read(malformed.bytes(), ROOMY)).isInstanceOfAny(
                malformed.why().startsWith("truncated") ? EOFException.class : ProtocolViolation.class,
                malformed.why().startsWith("length is greater") ? FrameTooLarge.class : ProtocolViolation.class);
    }

    @ParameterizedTest
    @MethodSource("leftToTheReader")
    void metaThatOnlyLooksLikeAnObjectCanNotBeReadAsJson(Malformed malformed) throws IOException {
        Bytes meta = read(malformed.bytes(), ROOMY).meta();
        ObjectMapper strict = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        assertThatThrownBy(() -> strict.readTree(meta.array())).isInstanceOf(IOException.class);
    }

    @Test
    void whatFollowsAFrameIsAViolation() throws IOException {
        Bytes frame = written(result("1"));
        byte[] two = new byte[frame.size() + 1];
        System.arraycopy(frame.array(), 0, two, 0, frame.size());
        assertThatThrownBy(() -> read(Bytes.wrap(two), ROOMY)).isInstanceOf(ProtocolViolation.class);
    }

    @Test
    void filesMayArriveInOnePieceWithWhatFollowsThem() throws IOException {
        List<Frame> frames = List.of(file("a"), file("b".repeat(100_000)), file(""), result("1"));
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Frame frame : frames) {
            all.write(written(frame).array());
        }
        ReadableByteChannel in = Channels.newChannel(new ByteArrayInputStream(all.toByteArray()));
        for (Frame frame : frames) {
            assertThat(Received.whole(codec, in, ROOMY)).isEqualTo(frame);
        }
    }

    @Test
    void whatFollowsAFileIsNotTakenForTheAnswerToWhatIsSentLater() throws IOException {
        byte[] file = written(file("a")).array();
        byte[] followed = Arrays.copyOf(file, file.length + 1);
        read(Bytes.wrap(followed), ROOMY);
        written(result("1"));
        assertThat(read(written(result("2")), ROOMY)).isEqualTo(result("2"));
    }

    @Test
    void aFileOverItsLimitIsAViolation() throws IOException {
        Bytes frame = written(file("123456"));
        assertThatThrownBy(() -> read(frame, new FrameLimits(0, 6, 5))).isInstanceOf(ProtocolViolation.class)
                .hasMessageContaining("6 bytes").hasMessageContaining("5 are allowed");
    }

    @Test
    void aBodyOfExactlyTheLimitIsTaken() throws IOException {
        assertThat(read(written(result("12345")), new FrameLimits(0, 5, 0)).body()).isEqualTo(Bytes.utf8("12345"));
    }

    @Test
    void aBodyOverTheLimitIsTooLarge() throws IOException {
        Bytes frame = written(result("123456"));
        assertThatThrownBy(() -> read(frame, new FrameLimits(0, 5, 0))).isInstanceOf(FrameTooLarge.class)
                .hasMessageContaining("6 bytes").hasMessageContaining("5 are allowed");
    }

    @ParameterizedTest
    @ValueSource(ints = {16 << 10, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 256 << 10, (256 << 10) + 1, 6 << 20})
    void aBodyOfAnySizeIsReadWhole(int size) throws IOException {
        byte[] body = new byte[size];
        for (int i = 0; i < size; i++) {
            body[i] = (byte) (i * 31 >> 8);
        }
        Frame frame = new Frame(FrameKind.RESULT, 1, 1, Bytes.utf8("{\"a\":1}"), Bytes.wrap(body));

        assertThat(read(written(frame), ROOMY)).isEqualTo(frame);
    }

    @Test
    void whatIsAnnouncedAndNeverComesTakesNoMemory() throws IOException {
        byte[] head = Arrays.copyOf(written(result("1".repeat(6 << 20))).array(), Frame.HEAD + 100);
        var memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assertThatThrownBy(() -> read(Bytes.wrap(head), ROOMY)).isInstanceOf(EOFException.class);
        long before = memory.getCurrentThreadAllocatedBytes();

        assertThatThrownBy(() -> read(Bytes.wrap(head), ROOMY)).isInstanceOf(EOFException.class);

        assertThat(memory.getCurrentThreadAllocatedBytes() - before).isLessThan(1 << 20);
    }

    @Test
    void metaOverTheLimitIsAViolation() throws IOException {
        Bytes frame = written(new Frame(FrameKind.RESULT, 1, 1, Bytes.utf8("{\"a\":1}"), Bytes.EMPTY));
        assertThatThrownBy(() -> read(frame, new FrameLimits(6, 5, 0))).isInstanceOf(ProtocolViolation.class);
    }

    @Test
    void aChannelThatHasEndedIsToldFromAFrameThatIsCut() {
        assertThatThrownBy(() -> read(Bytes.EMPTY, ROOMY)).isInstanceOf(EOFException.class).hasMessage("closed");
    }

    private static Frame file(String content) {
        return new Frame(FrameKind.FILE, 0, 1, Bytes.utf8("{\"path\":\"f\"}"), Bytes.utf8(content));
    }

    private static Frame result(String body) {
        return new Frame(FrameKind.RESULT, 0, 1, Bytes.EMPTY, Bytes.utf8(body));
    }

    private Bytes written(Frame frame) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        codec.write(Channels.newChannel(bytes), frame);
        return Bytes.wrap(bytes.toByteArray());
    }

    private Frame read(Bytes bytes, FrameLimits limits) throws IOException {
        return Received.whole(codec, Channels.newChannel(new ByteArrayInputStream(bytes.array())), limits);
    }
}
