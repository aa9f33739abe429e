package io.nanogrid.gateway.engine.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Trees of files that hostile code has written or will write. No link is ever followed.
final class StagedFiles {

    private static final long BLOCK = 4096;

    private StagedFiles() {
    }

    static void handOver(Path tree, int uid) throws IOException {
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                HostFiles.own(directory, uid, "rwx------");
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                HostFiles.own(file, uid, "rw-------");
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /// Disk space of a tree that may change meanwhile; every file and directory counts for a block at least.
    static long bytes(Path tree) {
        AtomicLong sum = new AtomicLong();
        try {
            Files.walkFileTree(tree, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                    sum.addAndGet(BLOCK);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    sum.addAndGet(Math.max(BLOCK, attributes.size()));
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException failure) {
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory,
                        @Nullable IOException failure) {
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return sum.get();
    }

    /// Makes a tree readable for all and writable for none; what is neither file, directory nor link is removed.
    ///
    /// @param takeOver whether the tree changes hands to root
    static void seal(Path tree, boolean takeOver) throws IOException {
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (attributes.isOther()) {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }
                if (takeOver) {
                    own(file);
                }
                if (attributes.isRegularFile()) {
                    Set<PosixFilePermission> now = Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
                    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(
                            now.contains(PosixFilePermission.OWNER_EXECUTE) ? "r-xr-xr-x" : "r--r--r--"));
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory,
                    @Nullable IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                if (takeOver) {
                    own(directory);
                }
                Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static void own(Path path) throws IOException {
        Files.setAttribute(path, "unix:uid", 0, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", 0, LinkOption.NOFOLLOW_LINKS);
    }
}
