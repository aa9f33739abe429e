package io.nanogrid.gateway.logs;

import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionRepository;
import io.nanogrid.db.StorageException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells whoever wants to know of calls that have ended, and writes their records in batches, off the path of the calls. Safe for use by
/// many threads. The lock guards what is gathered and the counts; it isn't held while anything is stored.
///
/// A record is stored a fraction of a second after its call. [WhenBehind] says what comes of calls when storing falls behind by 20,000 records or 64 Mi
/// characters of output. What can't be stored is tried again until [#close].
public final class ExecutionLog implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ExecutionLog.class);
    private static final int CAPACITY = 20_000;
    /// In characters of output: what a full disk may make the gateway hold.
    private static final long MAX_TEXT = 64L << 20;
    private static final int BATCH = 1_000;
    private static final Duration GATHER = Duration.ofMillis(100);
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration CLEAN = Duration.ofMinutes(10);
    /// Between two lines about records that are lost.
    private static final Duration COMPLAINT = Duration.ofSeconds(10);

    private final List<Consumer<ExecutionRecord>> listeners = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final Condition hurried = lock.newCondition();
    private final Condition settled = lock.newCondition();
    private List<ExecutionRecord> gathered = new ArrayList<>();
    private long added;
    /// Of those that were added and aren't stored yet.
    private long text;
    /// How many of those that were added have been stored, or are lost for good.
    private long done;
    /// Up to which of those that were added somebody waits for.
    private long wanted;
    /// How many there was no room for.
    private long dropped;
    /// How many of those that were added are lost for good.
    private long lost;
    private final ExecutionRepository repository;
    private final WhenBehind whenBehind;
    private final Duration retention;
    private final InstantSource clock;
    private final Thread writer;
    private volatile boolean closed;

    /// What there is no room for any more.
    public enum WhenBehind {
        /// Calls wait, and none goes unrecorded: right where the storage is as near as the functions, and nearly always faster.
        CALLS_WAIT,
        /// Records are lost, and counted: right where a storage far away, its price or its failure mustn't decide how fast functions answer.
        RECORDS_ARE_LOST
    }

    /// How many records there were in the life of this log.
    ///
    /// @param lost for which there was no room, or which could never be stored
    public record Counts(long stored, long lost) {
    }

    /// @param retention how long records are kept
    public ExecutionLog(ExecutionRepository repository, WhenBehind whenBehind, Duration retention,
            InstantSource clock) {
        this.repository = repository;
        this.whenBehind = whenBehind;
        this.retention = retention;
        this.clock = clock;
        this.writer = Thread.ofPlatform().daemon().name("execution-log").unstarted(this::run);
        writer.start();
    }

    /// Tells `listener` of every call from now on, in the call's own thread: it must neither block nor throw.
    public void listen(Consumer<ExecutionRecord> listener) {
        listeners.add(listener);
    }

    public void add(ExecutionRecord execution) throws InterruptedException {
        lock.lock();
        try {
            while (isFull() && whenBehind == WhenBehind.CALLS_WAIT) {
                settled.await();
            }
            if (isFull()) {
                dropped++;
            } else {
                gather(execution);
            }
        } finally {
            lock.unlock();
        }
        for (Consumer<ExecutionRecord> listener : listeners) {
            listener.accept(execution);
        }
    }

    private boolean isFull() {
        return added - done >= CAPACITY || text >= MAX_TEXT;
    }

    private void gather(ExecutionRecord execution) {
        gathered.add(execution);
        added++;
        text += text(execution);
        if (gathered.size() == 1) {
            arrived.signal();
        }
    }

    public Counts counts() {
        lock.lock();
        try {
            return new Counts(done - lost, lost + dropped);
        } finally {
            lock.unlock();
        }
    }

    /// Has what was added before stored at once, so that whoever reads the records next finds it.
    ///
    /// @param patience how long to wait for that
    /// @return whether it is stored
    public boolean flush(Duration patience) throws InterruptedException {
        lock.lock();
        try {
            long last = added;
            wanted = Math.max(wanted, last);
            hurried.signal();
            long left = patience.toNanos();
            while (done < last && left > 0) {
                left = settled.awaitNanos(left);
            }
            return done >= last;
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        long nextCleaning = System.nanoTime();
        Complaints complaints = new Complaints();
        try {
            while (true) {
                List<ExecutionRecord> records = take(nextCleaning - System.nanoTime());
                if (records.isEmpty() && closed) {
                    return;
                }
                for (int from = 0; from < records.size(); from += BATCH) {
                    List<ExecutionRecord> batch = records.subList(from, Math.min(records.size(), from + BATCH));
                    settle(batch, store(batch));
                    complaints.of(counts().lost());
                }
                if (System.nanoTime() - nextCleaning >= 0 && !closed) {
                    clean();
                    nextCleaning = System.nanoTime() + CLEAN.toNanos();
                }
            }
        } catch (InterruptedException e) {
            LOG.warn("Records of calls are lost: the log was interrupted");
        }
    }

    /// Waits for records, and a moment more for others: a transaction a call would cost more than the call.
    ///
    /// @param patience in nanoseconds
    /// @return what there is then; empty where nothing came in time
    private List<ExecutionRecord> take(long patience) throws InterruptedException {
        lock.lock();
        try {
            for (long left = patience; gathered.isEmpty() && !closed && left > 0;) {
                left = arrived.awaitNanos(left);
            }
            for (long left = gathered.isEmpty() ? 0 : GATHER.toNanos(); wanted <= done && !closed && left > 0;) {
                left = hurried.awaitNanos(left);
            }
            List<ExecutionRecord> records = gathered;
            gathered = new ArrayList<>();
            return records;
        } finally {
            lock.unlock();
        }
    }

    private static long text(ExecutionRecord execution) {
        return (long) execution.stdout().length() + execution.stderr().length();
    }

    private void settle(List<ExecutionRecord> batch, boolean stored) {
        lock.lock();
        try {
            done += batch.size();
            lost += stored ? 0 : batch.size();
            text -= batch.stream().mapToLong(ExecutionLog::text).sum();
            settled.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// @return whether it is stored, and not lost for good
    private boolean store(List<ExecutionRecord> batch) throws InterruptedException {
        while (true) {
            try {
                repository.insert(batch);
                return true;
            } catch (StorageException e) {
                if (closed) {
                    LOG.error("{} records of calls are lost", batch.size(), e);
                    return false;
                }
                LOG.error("The records of {} calls can't be stored yet: {}", batch.size(), e.getMessage());
                TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
            } catch (RuntimeException e) {
                // Another try would end the same way, and calls would wait for it.
                LOG.error("{} records of calls can't be stored and are lost", batch.size(), e);
                return false;
            }
        }
    }

    /// Says at times that records are lost, and how many. For the writer alone.
    private static final class Complaints {
        private long told;
        private long last = System.nanoTime() - COMPLAINT.toNanos();

        void of(long lost) {
            if (lost > told && System.nanoTime() - last >= COMPLAINT.toNanos()) {
                LOG.warn("{} records of calls are lost: they can't be stored as fast as calls end", lost - told);
                told = lost;
                last = System.nanoTime();
            }
        }
    }

    private void clean() {
        try {
            int deleted = repository.deleteOlderThan(clock.instant().minus(retention));
            if (deleted > 0) {
                LOG.info("Deleted {} records of calls that are older than {}", deleted, retention);
            }
        } catch (RuntimeException e) {
            LOG.warn("Old records of calls couldn't be deleted: {}", e.getMessage());
        }
    }

    /// Stores what is still waiting.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            arrived.signalAll();
            hurried.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            writer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
