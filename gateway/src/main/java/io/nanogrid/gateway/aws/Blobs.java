package io.nanogrid.gateway.aws;

import java.io.IOException;

/// Keeps what is too large for an item, a message or a value elsewhere. Safe for use by many threads.
public interface Blobs {

    /// Stores the bytes under the key, whatever lay there.
    void put(String key, byte[] bytes) throws IOException;

    /// @throws java.nio.file.NoSuchFileException if there is nothing under that key
    byte[] get(String key) throws IOException;

    /// Does nothing where there is nothing.
    void delete(String key) throws IOException;
}
