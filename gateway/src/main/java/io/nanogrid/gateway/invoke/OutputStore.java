package io.nanogrid.gateway.invoke;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.regex.Pattern;

/// Keeps the files that functions wrote, for a time. Safe for use by many threads.
public interface OutputStore {

    /// Request ids by which files can be found; neither `.` nor `..` is one.
    Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{3,128}|[A-Za-z0-9_-]{1,2}");

    /// What became of a call's files.
    sealed interface Kept {

        /// @param name what [#find] finds them by
        record Stored(String name) implements Kept {
        }

        /// They are lost.
        ///
        /// @param why one line, for the function's owner
        record Refused(String why) implements Kept {
        }
    }

    /// A file that is kept.
    record StoredFile(long size, Content content) {
    }

    /// What a file holds.
    interface Content {

        /// @throws java.nio.file.NoSuchFileException if its time has come
        InputStream open() throws IOException;
    }

    /// Takes the files of one call.
    OutputDraft draft();

    /// @param name as [Kept.Stored] says
    /// @param path as the function called the file
    Optional<StoredFile> find(String name, String path) throws IOException;

    /// Deletes what has been kept long enough.
    void sweep() throws IOException;
}
