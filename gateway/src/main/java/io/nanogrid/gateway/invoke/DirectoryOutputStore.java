package io.nanogrid.gateway.invoke;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An [OutputStore] in a directory of this machine.
///
/// The files of one call lie in a directory that is named after its request, under numbers: what a function calls its files stands in an index
/// beside them and is never a path of this machine.
public final class DirectoryOutputStore implements OutputStore {

    private static final Logger LOG = LoggerFactory.getLogger(DirectoryOutputStore.class);
    private static final String INDEX = "index";

    private final Path kept;
    private final OutputStaging staging;
    private final Duration retention;
    private final InstantSource clock;

    /// @param directory for this store alone
    /// @param maxBytes how long all files together may be
    /// @param retention how long files are kept
    public DirectoryOutputStore(Path directory, long maxBytes, Duration retention, InstantSource clock)
            throws IOException {
        this.kept = Files.createDirectories(directory.resolve("kept"));
        this.staging = new OutputStaging(directory.resolve("new"), maxBytes);
        this.retention = retention;
        this.clock = clock;
        for (Path call : OutputStaging.list(kept)) {
            staging.occupy(size(call));
        }
    }

    @Override
    public OutputDraft draft() {
        return new OutputDraft(staging, this::keep);
    }

    private String keep(OutputDraft.Whole files, String requestId) throws IOException {
        Files.write(files.directory().resolve(INDEX), files.paths());
        return publish(files.directory(), requestId);
    }

    private String publish(Path directory, String requestId) throws IOException {
        if (NAME.matcher(requestId).matches()) {
            Path target = kept.resolve(requestId);
            try {
                Files.move(directory, target, StandardCopyOption.ATOMIC_MOVE);
                return requestId;
            } catch (FileSystemException e) {
                if (!Files.exists(target)) {
                    throw e;
                }
                // Whoever gives one id to several calls finds each call's files under a name of their own.
            }
        }
        String name = requestId + "." + UUID.randomUUID();
        Files.move(directory, kept.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        return name;
    }

    @Override
    public Optional<StoredFile> find(String name, String path) throws IOException {
        if (!NAME.matcher(name).matches()) {
            return Optional.empty();
        }
        Path directory = kept.resolve(name);
        try {
            int number = Files.readAllLines(directory.resolve(INDEX)).indexOf(path);
            if (number < 0) {
                return Optional.empty();
            }
            Path file = directory.resolve(String.valueOf(number));
            return Optional.of(new StoredFile(Files.size(file), () -> Files.newInputStream(file)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /// What can't be deleted is tried again when it has been kept as long once more.
    @Override
    public void sweep() throws IOException {
        Instant cutoff = clock.instant().minus(retention);
        for (Path call : OutputStaging.list(kept)) {
            try {
                if (Files.getLastModifiedTime(call).toInstant().isBefore(cutoff)) {
                    long size = size(call);
                    // From here on nobody finds the others.
                    Files.deleteIfExists(call.resolve(INDEX));
                    staging.release(size - OutputStaging.delete(call));
                }
            } catch (IOException e) {
                LOG.warn("{} can't be deleted yet: {}", call, e.getMessage());
            }
        }
    }

    /// The room of one call's files; their index isn't counted.
    private static long size(Path call) throws IOException {
        long size = 0;
        for (Path file : OutputStaging.list(call)) {
            if (!file.endsWith(INDEX)) {
                size += OutputStaging.roomOf(Files.size(file));
            }
        }
        return size;
    }
}
