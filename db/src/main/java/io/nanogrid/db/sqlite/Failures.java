package io.nanogrid.db.sqlite;

import java.sql.SQLException;

import io.nanogrid.db.StorageException;
import org.sqlite.SQLiteErrorCode;

/// Turns what SQLite reports into what an operator can act on.
final class Failures {
    private static final int PRIMARY_CODE = 0xff;

    private Failures() {
    }

    static StorageException describe(SQLException failure) {
        var code = SQLiteErrorCode.getErrorCode(failure.getErrorCode() & PRIMARY_CODE);
        String message = switch (code) {
            case SQLITE_FULL -> "The disk that holds the database is full: free some space; nothing was stored";
            case SQLITE_BUSY, SQLITE_LOCKED ->
                "Another process keeps the database locked: close what else has opened it";
            case SQLITE_CORRUPT, SQLITE_NOTADB -> "The database file is damaged: restore it from a backup";
            case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY ->
                "The database file can't be opened for writing: check who owns the data directory";
            case SQLITE_IOERR -> "The disk that holds the database failed to read or write";
            default -> "The database failed";
        };
        return new StorageException(message + " (" + failure.getMessage() + ")", failure);
    }
}
