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
import io.nanogrid.gateway.aws.sqs.ReadyJobs.Picked;
import io.nanogrid.gateway.aws.sqs.ReadyJobs.Ready;
import io.nanogrid.gateway.deploy.Strangers.Stranger;
import io.nanogrid.gateway.dispatch.MalformedMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
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

    private final Sender sender;
    private final JobLedger ledger;
    private final FunctionDetails.Source functions;
    private final Backlog backlog;
    private final Receiver receiver;
    private final ReadyJobs ready;
    private final BegunJobs begun = new BegunJobs();
    private final Duration pause;
    private volatile @Nullable Function<JobRecord, byte[]> resultOfTheDead;
    private volatile BiConsumer<JobRecord, byte[]> burialListener = (_, _) -> {
    };

    /// @param atOnce how many messages to take at once, at most: those that this process can begin soon
    /// @param pause before a job is tried again that the platform couldn't run
    public SqsQueue(AwsClients clients, SqsAddress address, JobLedger ledger, int atOnce, Duration pause) {
        this(clients, address, ledger, (_, _) -> null, atOnce, pause, INVISIBLE);
    }

    /// @param functions tells what messages say of functions
    /// @param invisible how long after this process's death its jobs come to others
    public SqsQueue(AwsClients clients, SqsAddress address, JobLedger ledger,
            FunctionDetails.Source functions, int atOnce, Duration pause, Duration invisible) {
        this.sender = new Sender(clients.sqs(), address.queue());
        this.ledger = ledger;
        this.functions = functions;
        this.ready = new ReadyJobs(atOnce);
        this.pause = pause;
        this.backlog = new Backlog(new Depth(clients.sqs(), address.queue())::visible);
        this.receiver = new Receiver(clients, address, ready::room, this::take, ready::isWorthHolding, invisible);
        receiver.start();
    }

    @Override
    public JobRecord put(JobDraft draft, int maxPending) {
        if (!backlog.admit(maxPending)) {
            throw new RefusedException.QueueFull(maxPending);
        }
        String message = JobMessage.write(draft, functions.find(draft.functionId(), draft.version()));
        JobRecord job = ledger.create(draft);
        boolean sent = false;
        try {
            sender.send(message).join();
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

    /// Keeps of the message what names the job: the rest stands in the ledger, or is read once more.
    private void take(Held message) {
        try {
            JobMessage job = JobMessage.read(message.body());
            ready.add(message, new Ready(job.draft().id(), job.functionId(), job.jobId() == null, System.nanoTime()));
        } catch (MalformedMessage e) {
            LOG.warn("A message is put aside: {}", e.getMessage());
            receiver.deadLetter(message, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public List<JobRecord> claim(int max, Set<String> except, Duration wait) throws InterruptedException {
        long start = System.nanoTime();
        while (true) {
            List<JobRecord> claimed = begin(ready.pick(max, except));
            long left = TimeUnit.NANOSECONDS.convert(wait) - (System.nanoTime() - start);
            if (!claimed.isEmpty() || !awaitArrival(except, left)) {
                return claimed;
            }
        }
    }

    /// @return false when the time is over
    private boolean awaitArrival(Set<String> except, long nanos) throws InterruptedException {
        ready.want(except, nanos);
        receiver.wake();
        return ready.await(except, nanos);
    }

    /// Begins as many as can be begun: where the ledger fails, the others lie here again.
    private List<JobRecord> begin(List<Picked> picked) {
        List<JobRecord> claimed = new ArrayList<>();
        for (int i = 0; i < picked.size(); i++) {
            try {
                JobRecord job = begin(picked.get(i).message(), picked.get(i).job());
                if (job != null) {
                    claimed.add(job);
                }
            } catch (StorageException e) {
                ready.layBack(picked.subList(i + 1, picked.size()));
                if (claimed.isEmpty()) {
                    throw e;
                }
                LOG.warn("Not all jobs can be begun that are here: {}", e.getMessage());
                break;
            }
        }
        return claimed;
    }

    /// @return null where there is nothing to run
    private @Nullable JobRecord begin(Held message, Ready waiting) {
        String id = waiting.jobId();
        if (isRunHere(id, message)) {
            return null;
        }
        boolean settled = false;
        try {
            if (waiting.foreign()) {
                writeDown(message);
            }
            JobRecord job = switch (ledger.begin(id)) {
                case Begun.Started(JobRecord started) -> {
                    begun.number(id, started.attempts());
                    yield started;
                }
                case Begun.Over() -> {
                    receiver.delete(ended(id, message));
                    yield null;
                }
                case Begun.Exhausted(JobRecord exhausted) -> {
                    bury(exhausted, message,
                            "whoever ran it died during each of its %d attempts".formatted(exhausted.attempts()));
                    yield null;
                }
                case Begun.Lost(JobRecord lost) -> {
                    bury(lost, message, "its input is gone from the bucket; send the job anew");
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
        Held present = begun.begin(id, message);
        if (present != null) {
            receiver.forget(present);
        }
        return present != null;
    }

    private Held ended(String id, Held message) {
        Held newer = begun.end(id);
        return newer == null ? message : newer;
    }

    private void writeDown(Held message) {
        try {
            ledger.create(JobMessage.read(message.body()).draft());
        } catch (MalformedMessage e) {
            throw new IllegalStateException(e);
        } catch (IllegalArgumentException e) {
            LOG.debug("The job is known already, from an earlier reception of its message", e);
        }
    }

    private void bury(JobRecord job, Held message, String reason) {
        Function<JobRecord, byte[]> result = resultOfTheDead;
        byte[] none = "null".getBytes(StandardCharsets.UTF_8);
        String id = job.draft().id();
        byte[] made = result == null ? none : result.apply(job.dead(reason));
        boolean dead = ledger.end(id, JobState.DEAD, made, reason);
        receiver.deadLetter(ended(id, message), reason);
        if (dead) {
            burialListener.accept(job, made);
        }
    }

    /// Tells `listener` of each job that this queue ends itself, since nobody can run it, with its result. It mustn't throw.
    public void listen(BiConsumer<JobRecord, byte[]> listener) {
        burialListener = listener;
    }

    @Override
    public boolean complete(String id, byte[] result) {
        int attempt = begun.attempt(id);
        if (!ledger.end(id, JobState.DONE, result, null)) {
            letGo(id, attempt);
            return false;
        }
        Held message = begun.end(id);
        if (message != null) {
            receiver.delete(message);
        }
        return true;
    }

    @Override
    public boolean giveUp(String id, byte[] result, String reason) {
        int attempt = begun.attempt(id);
        if (!ledger.end(id, JobState.DEAD, result, reason)) {
            letGo(id, attempt);
            return false;
        }
        Held message = begun.end(id);
        if (message != null) {
            receiver.deadLetter(message, reason);
        }
        return true;
    }

    /// Of an attempt that somebody else has ended, or has taken for ended.
    private void letGo(String id, int attempt) {
        Held message = begun.attempt(id) == attempt ? begun.end(id) : null;
        if (message == null) {
            return;
        }
        switch (ledger.state(id)) {
            case null -> receiver.delete(message);
            case DONE, DEAD -> receiver.delete(message);
            case PENDING -> receiver.release(message, Duration.ZERO);
            // The message is theirs who run it, and they need it.
            case RUNNING -> receiver.forget(message);
        }
    }

    @Override
    public boolean giveBack(String id, boolean counts) {
        int attempt = begun.attempt(id);
        if (attempt == 0) {
            return false;
        }
        if (!ledger.giveBack(id, attempt, counts)) {
            if (!counts || attempt < MAX_ATTEMPTS) {
                letGo(id, attempt);
            }
            return false;
        }
        Held message = begun.end(id);
        if (message != null) {
            receiver.release(message, counts ? pause : Duration.ZERO);
        }
        return true;
    }

    /// What the message of a job that runs here says of its function; null where it comes from one of us, who know it from the table.
    public @Nullable Stranger stranger(String id) {
        Held message = begun.message(id);
        try {
            return message == null ? null : JobMessage.read(message.body()).stranger();
        } catch (MalformedMessage e) {
            throw new IllegalStateException(e);
        }
    }

    /// Does nothing now: what a process that died left comes to somebody else by itself.
    @Override
    public int recover(Function<JobRecord, byte[]> makesResultOfTheDead) {
        this.resultOfTheDead = makesResultOfTheDead;
        return 0;
    }

    /// What has been begun and not ended is begun again by somebody else.
    @Override
    public void close() {
        receiver.close();
    }
}
