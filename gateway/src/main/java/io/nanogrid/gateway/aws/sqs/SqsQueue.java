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
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;

/// Jobs as messages of SQS, with a [JobLedger] that knows how often each was begun and how it ended. A job whose message lies here and hasn't been
/// begun costs it no attempt. Jobs come in no order that could be relied on. Safe for use by many threads.
public final class SqsQueue implements InvocationQueue, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SqsQueue.class);
    /// How long after a worker's death its jobs come to others.
    private static final Duration INVISIBLE = Duration.ofSeconds(30);
    /// For how long after somebody has asked for a job another is looked for.
    private static final Duration WANTED = Duration.ofSeconds(1);
    /// Jobs of busy functions that may lie here, so that they keep others from coming neither for long nor by filling the memory.
    private static final int MOST_READY = 200;
    /// After this time a job that lies here goes back, so that it comes to whoever can begin it.
    private static final Duration MOST_LYING = Duration.ofMinutes(1);

    private final Sender sender;
    private final JobLedger ledger;
    private final Backlog backlog;
    private final Receiver receiver;
    private final int atOnce;
    private final Duration pause;
    private volatile @Nullable Function<JobRecord, byte[]> resultOfTheDead;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    /// Messages that haven't been begun, with their functions. Guarded by the lock, as are the next two.
    private final Map<Held, Ready> ready = new LinkedHashMap<>();
    /// What this process runs, by the jobs' ids.
    private final Map<String, Run> begun = new HashMap<>();
    private long wantedUntil = System.nanoTime();
    /// Functions whose jobs weren't wanted when one was last asked for. Guarded by the lock.
    private Set<String> busy = Set.of();

    /// @param foreign whether it comes from somebody who keeps no ledger
    /// @param since when it came, by [System#nanoTime]
    private record Ready(String jobId, String functionId, boolean foreign, long since) {
    }

    /// @param message the one that keeps the job from others
    /// @param attempt that this process makes; 0 until the ledger has said
    private record Run(Held message, int attempt) {
    }

    /// @param atOnce how many messages to take at once, at most: those that this process can begin soon
    /// @param pause before a job is tried again that the platform couldn't run
    public SqsQueue(AwsClients clients, SqsAddress address, JobLedger ledger, int atOnce, Duration pause) {
        this(clients, address, ledger, atOnce, pause, INVISIBLE);
    }

    /// @param invisible how long after this process's death its jobs come to others
    public SqsQueue(AwsClients clients, SqsAddress address, JobLedger ledger, int atOnce, Duration pause,
            Duration invisible) {
        this.sender = new Sender(clients.sqs(), address.queue());
        this.ledger = ledger;
        this.atOnce = atOnce;
        this.pause = pause;
        this.backlog = new Backlog(new Depth(clients.sqs(), address.queue())::visible);
        this.receiver = new Receiver(clients, address, this::room, this::take, this::isWorthHolding, invisible);
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
            sender.send(JobMessage.write(draft)).join();
            sent = true;
            return job;
        } catch (SdkException | CompletionException e) {
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
            long fitting = ready.values().stream().filter(job -> !busy.contains(job.functionId())).count();
            return wantedUntil - System.nanoTime() > 0
                    ? (int) Math.min(atOnce - fitting, MOST_READY - ready.size())
                    : 0;
        } finally {
            lock.unlock();
        }
    }

    /// For the receiver, of each message in turn.
    private boolean isWorthHolding(Held message) {
        lock.lock();
        try {
            Ready waiting = ready.get(message);
            if (waiting == null || System.nanoTime() - waiting.since() < MOST_LYING.toNanos()) {
                return true;
            }
            ready.remove(message);
            return false;
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
                ready.put(message, new Ready(job.draft().id(), job.functionId(), job.jobId() == null,
                        System.nanoTime()));
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
            List<JobRecord> claimed = begin(pick(max, except));
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
            busy = except;
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

    /// Begins as many as can be begun: where the ledger fails, the others lie here again.
    private List<JobRecord> begin(List<Map.Entry<Held, Ready>> picked) {
        List<JobRecord> claimed = new ArrayList<>();
        for (int i = 0; i < picked.size(); i++) {
            try {
                JobRecord job = begin(picked.get(i).getKey(), picked.get(i).getValue());
                if (job != null) {
                    claimed.add(job);
                }
            } catch (StorageException e) {
                layBack(picked.subList(i + 1, picked.size()));
                if (claimed.isEmpty()) {
                    throw e;
                }
                LOG.warn("Not all jobs can be begun that are here: {}", e.getMessage());
                break;
            }
        }
        return claimed;
    }

    private void layBack(List<Map.Entry<Held, Ready>> some) {
        lock.lock();
        try {
            some.forEach(next -> ready.put(next.getKey(), next.getValue()));
        } finally {
            lock.unlock();
        }
    }

    /// @return null where there is nothing to run
    private @Nullable JobRecord begin(Held message, Ready ready) {
        String id = ready.jobId();
        if (isRunHere(id, message)) {
            return null;
        }
        boolean settled = false;
        try {
            if (ready.foreign()) {
                writeDown(message);
            }
            JobRecord job = switch (ledger.begin(id)) {
                case Begun.Started(JobRecord started) -> {
                    number(id, started.attempts());
                    yield started;
                }
                case Begun.Over() -> {
                    receiver.delete(ended(id, message));
                    yield null;
                }
                case Begun.Exhausted(JobRecord exhausted) -> {
                    bury(exhausted);
                    receiver.deadLetter(ended(id, message), reasonOfDeath(exhausted));
                    yield null;
                }
            };
            settled = true;
            return job;
        } finally {
            if (!settled) {
                receiver.release(ended(id, message), pause);
            }
        }
    }

    /// SQS delivers a message twice at times, or again when it couldn't be told in time to hold it. Whoever runs the job already holds it by the
    /// newer message then, and else is the one to run it.
    private boolean isRunHere(String id, Held message) {
        Run present;
        lock.lock();
        try {
            present = begun.get(id);
            begun.put(id, new Run(message, present == null ? 0 : present.attempt()));
        } finally {
            lock.unlock();
        }
        if (present != null) {
            receiver.forget(present.message());
        }
        return present != null;
    }

    private void number(String id, int attempt) {
        lock.lock();
        try {
            begun.computeIfPresent(id, (_, run) -> new Run(run.message(), attempt));
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Run ended(String id) {
        lock.lock();
        try {
            return begun.remove(id);
        } finally {
            lock.unlock();
        }
    }

    private Held ended(String id, Held message) {
        Run run = ended(id);
        return run == null ? message : run.message();
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

    private static String reasonOfDeath(JobRecord job) {
        return "whoever ran it died during each of its %d attempts".formatted(job.attempts());
    }

    private void bury(JobRecord job) {
        Function<JobRecord, byte[]> result = resultOfTheDead;
        byte[] none = "null".getBytes(StandardCharsets.UTF_8);
        ledger.end(job.draft().id(), JobState.DEAD, result == null ? none : result.apply(job), reasonOfDeath(job));
    }

    @Override
    public boolean complete(String id, byte[] result) {
        int attempt = attempt(id);
        if (!ledger.end(id, JobState.DONE, result, null)) {
            letGo(id, attempt);
            return false;
        }
        Run run = ended(id);
        if (run != null) {
            receiver.delete(run.message());
        }
        return true;
    }

    @Override
    public boolean giveUp(String id, byte[] result, String reason) {
        int attempt = attempt(id);
        if (!ledger.end(id, JobState.DEAD, result, reason)) {
            letGo(id, attempt);
            return false;
        }
        Run run = ended(id);
        if (run != null) {
            receiver.deadLetter(run.message(), reason);
        }
        return true;
    }

    /// Of an attempt that somebody else has ended, or has taken for ended.
    private void letGo(String id, int attempt) {
        Run run = attempt(id) == attempt ? ended(id) : null;
        if (run == null) {
            return;
        }
        switch (ledger.state(id)) {
            case null -> receiver.delete(run.message());
            case DONE, DEAD -> receiver.delete(run.message());
            case PENDING -> receiver.release(run.message(), Duration.ZERO);
            // The message is theirs who run it, and they need it.
            case RUNNING -> receiver.forget(run.message());
        }
    }

    @Override
    public boolean giveBack(String id, boolean counts) {
        int attempt = attempt(id);
        if (attempt == 0) {
            return false;
        }
        if (!ledger.giveBack(id, attempt, counts)) {
            if (!counts || attempt < MAX_ATTEMPTS) {
                letGo(id, attempt);
            }
            return false;
        }
        Run run = ended(id);
        if (run != null) {
            receiver.release(run.message(), counts ? pause : Duration.ZERO);
        }
        return true;
    }

    /// @return 0 where this process doesn't run the job
    private int attempt(String id) {
        lock.lock();
        try {
            Run run = begun.get(id);
            return run == null ? 0 : run.attempt();
        } finally {
            lock.unlock();
        }
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
