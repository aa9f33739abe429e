package io.nanogrid.gateway.engine.docker;

/// How containers, images and networks say whose they are.
final class Labels {

    /// The gateway's id: on all that a restarted gateway finds and removes.
    static final String GATEWAY = "nanogrid.gateway";

    /// The instance's id, on containers.
    static final String INSTANCE = "nanogrid.instance";

    /// The runtime's id, on images.
    static final String RUNTIME = "nanogrid.runtime";

    /// The interpreter's version, on runtime images.
    static final String VERSION = "nanogrid.version";

    /// The runtime image that an image with libraries stands on.
    static final String BASE = "nanogrid.base";

    private Labels() {
    }
}
