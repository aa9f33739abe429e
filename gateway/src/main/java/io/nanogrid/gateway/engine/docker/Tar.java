package io.nanogrid.gateway.engine.docker;

import io.nanogrid.spi.Content;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// A small tar archive, made in memory. For one thread.
final class Tar {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream archive = new TarArchiveOutputStream(bytes, "UTF-8");

    Tar() {
        archive.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        archive.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    }

    /// Adds a directory.
    ///
    /// @param owner numeric user and group
    Tar directory(String path, int owner) {
        return add(path + "/", Content.of(new byte[0]), owner, 0755);
    }

    /// Adds a file that all may read and its owner may write.
    Tar file(String path, Content content, int owner) {
        return add(path, content, owner, 0644);
    }

    Tar file(String path, String content) {
        return file(path, Content.of(content.getBytes(StandardCharsets.UTF_8)), 0);
    }

    /// What has been added. Nothing can be added after it.
    InputStream stream() {
        try {
            archive.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new ByteArrayInputStream(bytes.toByteArray());
    }

    private Tar add(String path, Content content, int owner, int mode) {
        try {
            var entry = new TarArchiveEntry(path);
            entry.setSize(content.size());
            entry.setMode(mode);
            entry.setIds(owner, owner);
            entry.setModTime(0);
            archive.putArchiveEntry(entry);
            archive.write(content.toByteArray());
            archive.closeArchiveEntry();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
