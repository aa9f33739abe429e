package io.nanogrid.gateway.wire;

import java.nio.ByteBuffer;

/// Where the files of one call go while they come. That a file can't be kept is no fault of the instance that sends it, so nothing is thrown here:
/// an implementation says so itself when it is asked for the files.
///
/// Used by one thread at a time.
public interface OutputSink {

    /// The next file comes; the one before it is whole.
    ///
    /// @param path relative to the call's output directory and plain: no empty, `.` or `..` segment, no backslash and no control
    ///        character, so that it can be joined to any directory
    /// @param size what is announced, in bytes; whether it comes is up to the instance
    void begin(String path, long size);

    /// @param piece of that file; to be used up before this returns
    void write(ByteBuffer piece);
}
