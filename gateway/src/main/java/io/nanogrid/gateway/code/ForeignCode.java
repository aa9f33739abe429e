package io.nanogrid.gateway.code;

import java.io.IOException;

/// Zip archives that others have put where workers can fetch them. Safe for use by many threads.
public interface ForeignCode {

    /// Names what lies there now: it is another word as soon as something else does.
    ///
    /// @throws java.nio.file.NoSuchFileException if there is nothing, or nothing that may be run, saying why
    String tag(CodePlace place) throws IOException;

    /// @throws java.nio.file.NoSuchFileException as for `tag`
    byte[] get(CodePlace place) throws IOException;
}
