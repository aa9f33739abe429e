package io.nanogrid.gateway.wire;

/// One frame of runtimes/protocol/PROTOCOL.md.
///
/// @param flags bits, of those that the kind allows
/// @param call the call that the frame belongs to, as an unsigned integer; 0 outside calls
/// @param meta a JSON object in UTF-8, or nothing
public record Frame(FrameKind kind, int flags, int call, Bytes meta, Bytes body) {

    /// On invoke: the result is wanted as one JSON value.
    public static final int VALUE = 1;
    /// On invoke: the files that the call leaves in its output directory are wanted.
    public static final int FILES = 2;
    /// On result: `meta` is the head of an HTTP response.
    public static final int RESPONSE = 1;
    /// On result: the response's body wasn't text; it is JSON.
    public static final int JSON_BODY = 2;
    /// On error: the event isn't JSON, and the handler didn't run.
    public static final int BAD_EVENT = 1;
    /// On error: what the handler returned can't be represented as JSON.
    public static final int BAD_RESULT = 2;
    /// On result and error: threads or children of the function still run.
    public static final int BUSY = 128;

    /// Bytes between the length field and `meta`.
    static final int HEAD_AFTER_LENGTH = 10;
    static final int HEAD = 4 + HEAD_AFTER_LENGTH;

    public static Frame init(Bytes meta, Bytes body) {
        return new Frame(FrameKind.INIT, 0, 0, meta, body);
    }

    public static Frame invoke(int call, boolean asValue, boolean withFiles, Bytes meta, Bytes event) {
        return new Frame(FrameKind.INVOKE, (asValue ? VALUE : 0) | (withFiles ? FILES : 0), call, meta, event);
    }

    public boolean has(int flag) {
        return (flags & flag) != 0;
    }
}
