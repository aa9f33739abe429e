package io.nanogrid.gateway.wire;

/// How much of a frame the gateway is willing to take, in bytes.
///
/// @param file of the body of a file; its meta has a bound of its own
public record FrameLimits(int meta, int body, int file) {

    /// What an instance may say before it has a function.
    public static final FrameLimits GREETING = new FrameLimits(64 << 10, 0, 0);

    private static final int RESULT_META = 1 << 20;
    /// A path at its longest, written as JSON escapes.
    private static final int FILE_META = 4 << 10;

    public static FrameLimits result(int body) {
        return new FrameLimits(RESULT_META, body, 0);
    }

    FrameLimits withFile(int bytes) {
        return new FrameLimits(meta, body, bytes);
    }

    int metaOf(FrameKind kind) {
        return kind == FrameKind.FILE ? FILE_META : meta;
    }
}
