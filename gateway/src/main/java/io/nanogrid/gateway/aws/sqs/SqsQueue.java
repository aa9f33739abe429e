package io.nanogrid.gateway.aws.sqs;

import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobState;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.JobLedger;
import io.nanogrid.gateway.aws.JobLedger.Begun;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;

/// Jobs as messages of SQS, with a [JobLedger] that knows how often each was begun and how it ended. A job whose message lies here and hasn't been
/// begun costs it no attempt. Jobs come in no order that could be relied on. Safe for use by many threads.
public final class SqsQueue implements InvocationQueue, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SqsQueue.class);
    /// How long after a worker's death its jobs come to others.
    private static final Duration INVISIBLE = Duration.ofSeconds(30);
    /// For how long after somebody has asked for a job another is looked for.
    private static final Duration WANTED = Duration.ofSeconds(1);
    /// Jobs of busy functions that may lie here, so that they keep others from coming neither for long nor by filling the memory.
    private static final int MOST_READY = 1_000;

    private final SqsClient client;
    private final SqsAddress address;
    private final JobLedger ledger;
    private final Backlog backlog;
    private final Receiver receiver;
    private final int atOnce;
    private final Duration pause;
    private final Map<String, Held> begun = new ConcurrentHashMap<>();
    private volatile @Nullable Function<JobRecord, byte[]> resultOfTheDead;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    /// Messages that haven't been begun, with their functions. Guarded by the lock, as is the next.
    private final Map<Held, Ready> ready = new LinkedHashMap<>();
    private long wantedUntil = System.nanoTime();

    /// @param foreign whether it comes from somebody who keeps no ledger
    private record Ready(String jobId, String functionId, boolean foreign) {
    }

    /// @param atOnce how many messages to take at once, at most: those that this process can begin soon
    /// @param pause before a job is tried again that the platform couldn't run
    public SqsQueue(AwsClients clients, SqsAddress address, JobLedger ledger, int atOnce, Duration pause) {
        this.client = clients.sqs();
        this.address = address;
        this.ledger = ledger;
        this.atOnce = atOnce;
        this.pause = pause;
        this.backlog = new Backlog(new Depth(clients.sqs(), address.queue())::visible);
        this.receiver = new Receiver(clients, address, this::room, this::take, INVISIBLE);
        receiver.start();
    }

    @Override
    public JobRecord put(JobDraft draft, int maxPending) {
        if (!backlog.admit(maxPending)) {
            throw new RefusedException.QueueFull(maxPending);
        }
        JobRecord job = ledger.create(draft);
        boolean sent = false;
        try {
            client.sendMessage(message -> message.queueUrl(address.queue()).messageBody(JobMessage.write(draft)));
            sent = true;
            return job;
        } catch (SdkException e) {
            throw new StorageException("SQS: " + e.getMessage(), e);
        } finally {
            if (!sent) {
                discard(draft.id());
            }
        }
    }

    private void discard(String id) {
        try {
            ledger.discard(id);
        } catch (StorageException e) {
            LOG.warn("Job {} was refused and stays in the ledger: {}", id, e.getMessage());
        }
    }

    /// For the receiver: how many messages may come.
    private int room() {
        lock.lock();
        try {
            return wantedUntil - System.nanoTime() > 0 ? Math.min(atOnce, MOST_READY - ready.size()) : 0;
        } finally {
            lock.unlock();
        }
    }

    /// Keeps of the message what names the job: the rest stands in the ledger, or is read once more.
    private void take(Held message) {
        try {
            JobMessage job = JobMessage.read(message.body());
            lock.lock();
            try {
                ready.put(message, new Ready(job.draft().id(), job.functionId(), job.jobId() == null));
                arrived.signalAll();
            } finally {
                lock.unlock();
            }
        } catch (JobMessage.Malformed e) {
            LOG.warn("A message is put aside: {}", e.getMessage());
            receiver.deadLetter(message, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public List<JobRecord> claim(int max, Set<String> except, Duration wait) throws InterruptedException {
        long start = System.nanoTime();
        while (true) {
            List<JobRecord> claimed = new ArrayList<>();
            for (Map.Entry<Held, Ready> next : pick(max, except)) {
                JobRecord job = begin(next.getKey(), next.getValue());
                if (job != null) {
                    claimed.add(job);
                }
            }
            long left = TimeUnit.NANOSECONDS.convert(wait) - (System.nanoTime() - start);
            if (!claimed.isEmpty() || !awaitArrival(except, left)) {
                return claimed;
            }
        }
    }

    private List<Map.Entry<Held, Ready>> pick(int max, Set<String> except) {
        List<Map.Entry<Held, Ready>> picked = new ArrayList<>();
        lock.lock();
        try {
            Iterator<Map.Entry<Held, Ready>> all = ready.entrySet().iterator();
            while (picked.size() < max && all.hasNext()) {
                Map.Entry<Held, Ready> next = all.next();
                if (!except.contains(next.getValue().functionId())) {
                    picked.add(Map.entry(next.getKey(), next.getValue()));
                    all.remove();
                }
            }
            return picked;
        } finally {
            lock.unlock();
        }
    }

    /// @return false when the time is over
    private boolean awaitArrival(Set<String> except, long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            wantedUntil = System.nanoTime() + Math.max(nanos, WANTED.toNanos());
            receiver.wake();
            long left = nanos;
            while (ready.values().stream().allMatch(job -> except.contains(job.functionId()))) {
                if (left <= 0) {
                    return false;
                }
                left = arrived.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// @return null where there is nothing to run
    private @Nullable JobRecord begin(Held message, Ready ready) {
        boolean settled = false;
        try {
            if (ready.foreign()) {
                writeDown(message);
            }
            JobRecord job = switch (ledger.begin(ready.jobId())) {
                case Begun.Started(JobRecord started) -> {
                    begun.put(ready.jobId(), message);
                    yield started;
                }
                case Begun.Over() -> {
                    receiver.delete(message);
                    yield null;
                }
                case Begun.Exhausted(JobRecord exhausted) -> {
                    bury(message, exhausted);
                    yield null;
                }
            };
            settled = true;
            return job;
        } finally {
            if (!settled) {
                receiver.release(message, pause);
            }
        }
    }

    private void writeDown(Held message) {
        try {
            ledger.create(JobMessage.read(message.body()).draft());
        } catch (JobMessage.Malformed e) {
            throw new IllegalStateException(e);
        } catch (IllegalArgumentException e) {
            LOG.debug("The job is known already, from an earlier reception of its message", e);
        }
    }

    private void bury(Held message, JobRecord job) {
        String reason = "whoever ran it died during each of its %d attempts".formatted(job.attempts());
        Function<JobRecord, byte[]> result = resultOfTheDead;
        byte[] none = "null".getBytes(StandardCharsets.UTF_8);
        ledger.end(job.draft().id(), JobState.DEAD, result == null ? none : result.apply(job), reason);
        receiver.deadLetter(message, reason);
    }

    @Override
    public boolean complete(String id, byte[] result) {
        boolean ended = ledger.end(id, JobState.DONE, result, null);
        Held message = begun.remove(id);
        if (message != null) {
            receiver.delete(message);
        }
        return ended;
    }

    @Override
    public boolean giveUp(String id, byte[] result, String reason) {
        boolean ended = ledger.end(id, JobState.DEAD, result, reason);
        Held message = begun.remove(id);
        if (message != null && ended) {
            receiver.deadLetter(message, reason);
        } else if (message != null) {
            receiver.delete(message);
        }
        return ended;
    }

    @Override
    public boolean giveBack(String id, boolean counts) {
        if (!ledger.giveBack(id, counts)) {
            return false;
        }
        Held message = begun.remove(id);
        if (message != null) {
            receiver.release(message, counts ? pause : Duration.ZERO);
        }
        return true;
    }

    /// Does nothing now: what a process that died left comes to somebody else by itself.
    @Override
    public int recover(Function<JobRecord, byte[]> makesResultOfTheDead) {
        this.resultOfTheDead = makesResultOfTheDead;
        return 0;
    }

    /// No more jobs come; those that have been begun may still be ended.
    public void stop() {
        receiver.stop();
    }

    /// What has been begun and not ended is begun again by somebody else.
    @Override
    public void close() {
        receiver.close();
    }
}
