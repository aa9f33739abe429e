package io.nanogrid.db.sqlite;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;

import io.nanogrid.db.StorageException;
import org.sqlite.SQLiteJDBCLoader;
import org.sqlite.util.LibraryLoaderUtil;

/// The directory that holds the database: readable by its owner alone, because functions' variables may be secrets.
final class DataFiles {
    private static final String LIBRARY_PATH = "org.sqlite.lib.path";

    private DataFiles() {
    }

    /// @return the database file, which exists afterwards
    static Path prepare(Path dataDir) {
        Path directory = dataDir.toAbsolutePath().resolve("db");
        try {
            Files.createDirectories(directory);
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
            placeNativeLibrary(directory);
            // SQLite gives the log files beside it the same mode.
            Path file = directory.resolve("nanogrid.db");
            var mode = PosixFilePermissions.fromString("rw-------");
            if (Files.notExists(file)) {
                Files.createFile(file, PosixFilePermissions.asFileAttribute(mode));
            }
            Files.setPosixFilePermissions(file, mode);
            return file;
        } catch (IOException e) {
            throw new StorageException("The directory %s can't be written: %s".formatted(directory, e), e);
        }
    }

    /// Left alone the driver unpacks its library into /tmp at each start, and leaves it there when the process is killed.
    private static void placeNativeLibrary(Path directory) throws IOException {
        if (System.getProperty(LIBRARY_PATH) != null) {
            return;
        }
        String name = LibraryLoaderUtil.getNativeLibName();
        Path library = directory.resolve(name);
        byte[] content;
        try (InputStream in = SQLiteJDBCLoader.class
                .getResourceAsStream(LibraryLoaderUtil.getNativeLibResourcePath() + "/" + name)) {
            if (in == null) {
                throw new IOException("the driver has no native library for this kind of machine");
            }
            content = in.readAllBytes();
        }
        if (Files.notExists(library) || !Arrays.equals(content, Files.readAllBytes(library))) {
            Path fresh = directory.resolve(name + ".new");
            Files.write(fresh, content);
            Files.move(fresh, library, StandardCopyOption.ATOMIC_MOVE);
        }
        System.setProperty(LIBRARY_PATH, directory.toString());
    }
}
