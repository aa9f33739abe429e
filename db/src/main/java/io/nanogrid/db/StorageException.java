package io.nanogrid.db;

/// The storage failed: the disk is full, the file is damaged, the database is closed. The write that it came from has had no effect.
public final class StorageException extends RuntimeException {
    public StorageException(String message, Throwable cause) {
        super(message, cause);
    }

    public StorageException(String message) {
        super(message);
    }
}
