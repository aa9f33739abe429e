package io.nanogrid.gateway.wire;

/// How much of a frame the gateway is willing to take, in bytes.
public record FrameLimits(int meta, int body) {

    /// What an instance may say before it has a function.
    public static final FrameLimits GREETING = new FrameLimits(64 << 10, 0);

    private static final int RESULT_META = 1 << 20;

    public static FrameLimits result(int body) {
        return new FrameLimits(RESULT_META, body);
    }
}
