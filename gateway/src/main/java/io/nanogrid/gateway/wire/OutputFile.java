package io.nanogrid.gateway.wire;

/// A file that a call has left in its output directory.
///
/// @param path relative to that directory and plain: no empty, `.` or `..` segment, no backslash and no control character, so that
///        it can be joined to any directory
public record OutputFile(String path, Bytes content) {
}
