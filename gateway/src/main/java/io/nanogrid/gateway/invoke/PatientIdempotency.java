package io.nanogrid.gateway.invoke;

import io.nanogrid.db.IdempotencyKey;
import io.nanogrid.db.IdempotencyRepository;
import io.nanogrid.db.StorageException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Calls with an idempotency key, where the end of a call always counts: one that can't be stored, as on a full disk, is kept in memory and holds
/// for whoever repeats the call. It is stored with the next call of that key, by [#deleteExpired], or by [#close]. So [#finish], [#release] and
/// [#giveUp] don't throw.
///
/// Safe for use by many threads. The lock guards the ends that aren't stored, and is held while one of them is: it makes a call wait only while
/// there are such.
public final class PatientIdempotency implements IdempotencyRepository, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PatientIdempotency.class);
    /// Of a disk that is full all the time there are no more than calls were running when it became so: no key can be claimed any more.
    private static final int MOST = 10_000;
    private static final long MOST_BYTES = 64L << 20;

    private final IdempotencyRepository repository;
    private final int most;
    private final long mostBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<IdempotencyKey, End> unstored = new LinkedHashMap<>();
    private long bytes;
    /// Whether there may be any, for those who don't hold the lock.
    private volatile boolean waiting;

    /// How a call ended.
    private sealed interface End {

        record Answered(byte[] response) implements End {
        }

        record Released() implements End {
        }

        record GivenUp() implements End {
        }

        default int size() {
            return switch (this) {
                case Answered(byte[] response) -> response.length;
                case Released(),GivenUp() -> 0;
            };
        }
    }

    public PatientIdempotency(IdempotencyRepository repository) {
        this(repository, MOST, MOST_BYTES);
    }

    /// @param most how many ends are kept in memory; of those beyond the keys stay taken until the gateway starts again
    /// @param mostBytes how long all the answers among them are at most; of a call whose answer is beyond nobody knows what it did
    PatientIdempotency(IdempotencyRepository repository, int most, long mostBytes) {
        this.repository = repository;
        this.most = most;
        this.mostBytes = mostBytes;
    }

    @Override
    public Claim claim(IdempotencyKey key, byte[] bodyHash, Instant expires) {
        if (!waiting) {
            return repository.claim(key, bodyHash, expires);
        }
        lock.lock();
        try {
            End end = unstored.get(key);
            boolean stored = end != null && store(key, end) == null;
            Claim claim = repository.claim(key, bodyHash, expires);
            return end == null || stored || !(claim instanceof Claim.Running) ? claim : ended(key, end);
        } finally {
            lock.unlock();
        }
    }

    /// What a call is to do whose key is stored as running, and isn't.
    private Claim ended(IdempotencyKey key, End end) {
        return switch (end) {
            case End.Answered(byte[] response) -> new Claim.Finished(response);
            case End.GivenUp() -> new Claim.Unknown();
            case End.Released() -> {
                forget(key, end);
                yield new Claim.Fresh();
            }
        };
    }

    @Override
    public void finish(IdempotencyKey key, byte[] response) {
        end(key, new End.Answered(response));
    }

    @Override
    public void release(IdempotencyKey key) {
        end(key, new End.Released());
    }

    @Override
    public void giveUp(IdempotencyKey key) {
        end(key, new End.GivenUp());
    }

    private void end(IdempotencyKey key, End end) {
        if (waiting && hasEnded(key)) {
            return;
        }
        try {
            write(key, end);
        } catch (StorageException e) {
            LOG.error("How a call with an Idempotency-Key ended can't be stored yet", e);
            keep(key, end);
        }
    }

    /// The first end of a call counts, stored or not.
    private boolean hasEnded(IdempotencyKey key) {
        lock.lock();
        try {
            return unstored.containsKey(key);
        } finally {
            lock.unlock();
        }
    }

    private void keep(IdempotencyKey key, End end) {
        lock.lock();
        try {
            if (unstored.size() >= most) {
                LOG.error("An Idempotency-Key whose call has ended is taken until the gateway starts again");
                return;
            }
            End kept = bytes + end.size() > mostBytes ? new End.GivenUp() : end;
            unstored.put(key, kept);
            bytes += kept.size();
            waiting = true;
        } finally {
            lock.unlock();
        }
    }

    private void write(IdempotencyKey key, End end) {
        switch (end) {
            case End.Answered(byte[] response) -> repository.finish(key, response);
            case End.Released() -> repository.release(key);
            case End.GivenUp() -> repository.giveUp(key);
        }
    }

    /// @return why it can't be stored yet; null if it is
    private @Nullable StorageException store(IdempotencyKey key, End end) {
        try {
            write(key, end);
        } catch (StorageException e) {
            return e;
        }
        forget(key, end);
        return null;
    }

    private void forget(IdempotencyKey key, End end) {
        unstored.remove(key);
        bytes -= end.size();
        waiting = !unstored.isEmpty();
    }

    /// Stores what waits, until one fails: the others would too.
    private void storeAll() {
        lock.lock();
        try {
            for (Map.Entry<IdempotencyKey, End> each : List.copyOf(unstored.entrySet())) {
                StorageException failure = store(each.getKey(), each.getValue());
                if (failure != null) {
                    LOG.warn("How {} calls with an Idempotency-Key ended can't be stored yet: {}", unstored.size(),
                            failure.getMessage());
                    return;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int recover() {
        return repository.recover();
    }

    @Override
    public int deleteExpired(Instant now) {
        // First, as that makes room.
        int deleted = repository.deleteExpired(now);
        storeAll();
        return deleted;
    }

    @Override
    public void close() {
        storeAll();
    }
}
