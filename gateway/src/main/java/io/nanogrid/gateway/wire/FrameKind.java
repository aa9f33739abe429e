package io.nanogrid.gateway.wire;

import org.jspecify.annotations.Nullable;

/// The kinds of runtimes/protocol/PROTOCOL.md, with the flag bits that each may carry.
public enum FrameKind {
    HELLO(1, 0), INIT(2, 0), READY(3, 0), INIT_ERROR(4, 0), INVOKE(5, Frame.VALUE | Frame.FILES), RESULT(6,
            Frame.RESPONSE | Frame.JSON_BODY | Frame.BUSY), ERROR(7,
                    Frame.BAD_EVENT | Frame.BAD_RESULT | Frame.BUSY), FILE(8, 0);

    private static final @Nullable FrameKind[] BY_NUMBER = new @Nullable FrameKind[16];

    static {
        for (FrameKind kind : values()) {
            BY_NUMBER[kind.number] = kind;
        }
    }

    final int number;
    final int allowedFlags;

    FrameKind(int number, int allowedFlags) {
        this.number = number;
        this.allowedFlags = allowedFlags;
    }

    static @Nullable FrameKind of(int number) {
        return number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }
}
