package io.nanogrid.gateway.aws.s3;

import io.nanogrid.gateway.invoke.OutputDraft;
import io.nanogrid.gateway.invoke.OutputStaging;
import io.nanogrid.gateway.invoke.OutputStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/// An [OutputStore] in the cluster's bucket: what a worker keeps, every gateway finds. Files go up when all of a call's have come.
///
/// The files of one call lie under numbers below an id of their own, which their index has in its first line; the index is named after the
/// request, and written last. The room for all files is that of this process: what it has stored and not yet seen grow old.
public final class S3OutputStore implements OutputStore {

    private static final String PREFIX = "outputs/";
    private static final String FILES = PREFIX + "files/";
    private static final String INDEX = PREFIX + "index/";
    private static final int MAX_INDEX_BYTES = 8 << 20;
    /// Listing the bucket costs money, and an hour isn't over to the second.
    private static final Duration BETWEEN_SWEEPS = Duration.ofMinutes(10);

    private final Bucket bucket;
    private final OutputStaging staging;
    private final Duration retention;
    private final InstantSource clock;
    /// Guards `stored` and `nextSweep`.
    private final ReentrantLock lock = new ReentrantLock();
    /// In the order of their times.
    private final Queue<Stored> stored = new ArrayDeque<>();
    private Instant nextSweep = Instant.MIN;

    /// What one call's files take of the room.
    private record Stored(Instant at, long room) {
    }

    /// @param directory of this process alone, for files that come
    /// @param maxBytes how long all files of this process together may be
    /// @param retention how long files are kept
    public S3OutputStore(Bucket bucket, Path directory, long maxBytes, Duration retention, InstantSource clock)
            throws IOException {
        this.bucket = bucket;
        this.staging = new OutputStaging(directory, maxBytes);
        this.retention = retention;
        this.clock = clock;
    }

    @Override
    public OutputDraft draft() {
        return new OutputDraft(staging, this::keep);
    }

    private String keep(OutputDraft.Whole files, String requestId) throws IOException {
        String id = UUID.randomUUID().toString();
        StringBuilder index = new StringBuilder(id).append('\n').append(clock.instant()).append('\n');
        for (int i = 0; i < files.paths().size(); i++) {
            Upload file = Upload.of(files.directory().resolve(String.valueOf(i)));
            bucket.put(FILES + id + "/" + i, file, Map.of());
            index.append(file.size()).append(' ').append(files.paths().get(i)).append('\n');
        }
        byte[] text = index.toString().getBytes(StandardCharsets.UTF_8);
        String name = requestId;
        if (!NAME.matcher(name).matches() || !bucket.putNew(indexKey(name), text)) {
            // Whoever gives one id to several calls finds each call's files under a name of their own.
            name = requestId + "." + id;
            bucket.put(indexKey(name), Upload.of(text), Map.of());
        }
        lock.lock();
        try {
            stored.add(new Stored(clock.instant(), files.room()));
        } finally {
            lock.unlock();
        }
        staging.dispose(files.directory());
        return name;
    }

    private static String indexKey(String name) {
        return INDEX + Bucket.part(name);
    }

    @Override
    public Optional<StoredFile> find(String name, String path) throws IOException {
        List<String> index;
        try {
            index = new String(bucket.get(indexKey(name), MAX_INDEX_BYTES), StandardCharsets.UTF_8).lines().toList();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        if (Instant.parse(index.get(1)).isBefore(clock.instant().minus(retention))) {
            return Optional.empty();
        }
        for (int i = 2; i < index.size(); i++) {
            String[] file = index.get(i).split(" ", 2);
            if (file[1].equals(path)) {
                String key = FILES + index.getFirst() + "/" + (i - 2);
                return Optional.of(new StoredFile(Long.parseLong(file[0]), () -> bucket.open(key)));
            }
        }
        return Optional.empty();
    }

    /// Whatever process has stored it.
    @Override
    public void sweep() throws IOException {
        Instant now = clock.instant();
        Instant cutoff = now.minus(retention);
        lock.lock();
        try {
            for (Stored oldest; (oldest = stored.peek()) != null && oldest.at().isBefore(cutoff); stored.remove()) {
                staging.release(oldest.room());
            }
            if (now.isBefore(nextSweep)) {
                return;
            }
            nextSweep = now.plus(BETWEEN_SWEEPS);
        } finally {
            lock.unlock();
        }
        bucket.visit(PREFIX, object -> {
            if (object.lastModified().isBefore(cutoff)) {
                bucket.delete(object.key(), null);
            }
        });
    }
}
