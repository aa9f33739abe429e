package io.nanogrid.gateway.wire;

import java.io.IOException;

/// A result is larger than the gateway takes. The rest of it hasn't been read: the channel is of no further use.
public final class FrameTooLarge extends IOException {

    private static final long serialVersionUID = 1L;

    FrameTooLarge(long size, long limit) {
        super("the result is " + size + " bytes long, and " + limit + " are allowed");
    }
}
