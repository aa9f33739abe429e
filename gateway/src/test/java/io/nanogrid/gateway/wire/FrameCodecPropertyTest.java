package io.nanogrid.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class FrameCodecPropertyTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final FrameLimits LIMITS = new FrameLimits(40_000, 256 << 10, 256 << 10);
    /// Exceptions with their stack traces, and what the JDK does at its first use.
    private static final long SMALL_CHANGE = 128 << 10;

    private final FrameCodec codec = new FrameCodec();

    @Property(tries = 300)
    void aFrameSurvivesWhateverTheSizesOfTheChunks(@ForAll("frames") Frame frame,
            @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 1, max = 30_000) Integer> sizes) throws IOException {
        ChunkedPipe pipe = new ChunkedPipe(sizes);
        codec.write(pipe, frame);
        assertThat(Received.whole(codec, pipe, FrameLimits.result(1 << 20).withFile(1 << 20))).isEqualTo(frame);
    }

    @Property(tries = 2000)
    void noBytesDoMoreThanAnIoException(@ForAll @Size(max = 200) byte[] bytes) {
        readsOrRefuses(bytes);
    }

    @Property(tries = 2000)
    void whateverAHeadClaimsNoMoreIsAllocatedThanTheLimits(@ForAll("lengths") long length,
            @ForAll @IntRange(min = 0, max = 9) int kind, @ForAll("lengths") long meta,
            @ForAll @Size(max = 100) byte[] rest) {
        byte[] bytes = ByteBuffer.allocate(Frame.HEAD + rest.length).putInt((int) length).put((byte) kind)
                .put((byte) 0).putInt(1).putInt((int) meta).put(rest).array();
        assertThat(allocatedByReading(bytes)).isLessThan(LIMITS.meta() + LIMITS.body() + SMALL_CHANGE);
    }

    /// Nothing but the reading, as an assertion's first use allocates more than any frame.
    private long allocatedByReading(byte[] bytes) {
        ReadableByteChannel in = Channels.newChannel(new ByteArrayInputStream(bytes));
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            codec.read(in, LIMITS);
        } catch (IOException e) {
            // Refused, which is as good.
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    /// Anything but a frame or an [IOException] fails the test.
    private void readsOrRefuses(byte[] bytes) {
        ReadableByteChannel in = Channels.newChannel(new ByteArrayInputStream(bytes));
        try {
            Frame frame = Received.whole(codec, in, LIMITS);
            int size = Frame.HEAD + frame.meta().size() + frame.body().size();
            assertThat(size).isLessThanOrEqualTo(bytes.length);
            // Another frame may follow a file alone.
            assertThat(size == bytes.length || frame.kind() == FrameKind.FILE).isTrue();
        } catch (IOException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    @Provide
    Arbitrary<Long> lengths() {
        return Arbitraries.frequencyOf(
                Tuple.of(3, Arbitraries.longs().between(0, 200)),
                Tuple.of(3, Arbitraries.longs().between(0, 400 << 10)),
                Tuple.of(1, Arbitraries.longs().between(0, 0xffff_ffffL)));
    }

    @Provide
    Arbitrary<Frame> frames() {
        Arbitrary<Bytes> meta = Arbitraries.oneOf(Arbitraries.just(Bytes.EMPTY),
                sized(40_000).map(bytes -> {
                    bytes[0] = '{';
                    return Bytes.wrap(bytes);
                }));
        Arbitrary<Bytes> body = Arbitraries.oneOf(Arbitraries.just(Bytes.EMPTY), sized(60_000).map(Bytes::wrap));
        return Combinators.combine(Arbitraries.of(FrameKind.class), Arbitraries.integers().between(0, 255),
                Arbitraries.integers(), meta, body)
                .as((kind, flags, call, m, b) -> new Frame(kind, flags & kind.allowedFlags, call,
                        m.size() > LIMITS.metaOf(kind) ? Bytes.utf8("{") : m, b));
    }

    /// One random byte fills each, as generating every byte on its own takes long; the position makes them differ.
    private static Arbitrary<byte[]> sized(int max) {
        return Combinators.combine(Arbitraries.integers().between(1, max), Arbitraries.bytes()).as((size, seed) -> {
            byte[] bytes = new byte[size];
            for (int i = 0; i < size; i++) {
                bytes[i] = (byte) (seed + i * 31);
            }
            return bytes;
        });
    }
}
