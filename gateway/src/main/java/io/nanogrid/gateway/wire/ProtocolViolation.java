package io.nanogrid.gateway.wire;

import java.io.IOException;

/// An instance sent what the protocol doesn't allow. It can't be trusted any more and has to be destroyed.
public final class ProtocolViolation extends IOException {

    private static final long serialVersionUID = 1L;

    public ProtocolViolation(String message) {
        super(message);
    }
}
