package io.nanogrid.gateway.jobs;

import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.config.Drain;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.invoke.RunFunction;
import io.nanogrid.gateway.logs.CurrentRequest;
import io.nanogrid.gateway.pool.FunctionVersion;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes jobs from the queue and runs them, each in a virtual thread, as many at once as may find an instance. Safe for use by many threads.
///
/// A job is claimed when its function may run one more, never to wait here: whatever happens to this process then costs it no attempt.
public final class JobRunner implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(JobRunner.class);
    /// How often the loop looks whether it is still wanted.
    private static final Duration LOOK = Duration.ofMillis(250);
    /// How long the loop waits for a change of what is taken. A function's pause ends without one, and so does the wait of a new job of a function
    /// that isn't taken.
    private static final Duration SOON = Duration.ofMillis(50);
    private static final Duration AFTER_A_FAILURE = Duration.ofSeconds(1);
    /// How long interrupted jobs may take to let go of their instances and to go back to the queue by themselves.
    private static final Duration LETTING_GO = Duration.ofMillis(200);

    private final InvocationQueue queue;
    private final Body body;
    private final int defaultShare;
    private final Drain drain;
    private final Semaphore free;
    /// Has a permit when [Shares#taken] may have become fewer since the loop last looked.
    private final Semaphore changed = new Semaphore(0);
    private final Thread loop = Thread.ofVirtual().name("jobs").unstarted(this::loop);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    /// Guarded by the lock, as are the next two.
    private final Shares shares = new Shares();
    private final Map<Thread, JobRecord> running = new HashMap<>();
    private boolean stopping;

    /// What is done with a job that has been claimed.
    @FunctionalInterface
    interface Body {

        /// @see JobCall#run
        Duration run(JobRecord job, Consumer<FunctionVersion> found) throws InterruptedException;
    }

    /// @param most jobs that run at once
    /// @param defaultShare jobs of one function that run at once where the function doesn't say how many calls of it may
    /// @param drain how long running jobs may go on when the gateway stops
    public JobRunner(InvocationQueue queue, FunctionCatalog functions, UnlistedFunctions unlisted, RunFunction run,
            int most, int defaultShare, Drain drain) {
        this(queue, new JobCall(queue, functions, unlisted, run)::run, most, defaultShare, drain);
    }

    JobRunner(InvocationQueue queue, Body body, int most, int defaultShare, Drain drain) {
        this.queue = queue;
        this.body = body;
        this.defaultShare = defaultShare;
        this.drain = drain;
        this.free = new Semaphore(most);
    }

    /// Picks up what an earlier process left, and begins. To be called once.
    public void start() {
        int left = queue.recover(job -> JobCall.resultOfTheDead(job, String.valueOf(job.reason())));
        if (left > 0) {
            LOG.info("{} jobs were running when the gateway ended last time", left);
        }
        loop.start();
    }

    private void loop() {
        while (!isStopping()) {
            try {
                if (free.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                    beginOne();
                }
            } catch (StorageException e) {
                LOG.error("The queue of jobs can't be read: {}", e.getMessage());
                pause(AFTER_A_FAILURE);
            } catch (RuntimeException e) {
                LOG.error("The next job can't be begun", e);
                pause(AFTER_A_FAILURE);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /// Uses the permit of `free` that it is called with for a job, or gives it back where none may begin now.
    private void beginOne() throws InterruptedException {
        boolean begun = false;
        try {
            JobRecord job = next();
            begun = job != null && begin(job);
        } finally {
            if (!begun) {
                free.release();
            }
        }
    }

    /// Claims the oldest job of a function that may run one more. Waits a while for one.
    private @Nullable JobRecord next() throws InterruptedException {
        // Before the look, so that what changes after it still ends the wait below.
        changed.drainPermits();
        Set<String> taken = taken();
        if (taken.isEmpty()) {
            // Any job will do: the queue says when one comes.
            return first(queue.claim(1, taken, LOOK));
        }
        JobRecord job = first(queue.claim(1, taken, Duration.ZERO));
        if (job == null) {
            // All that wait are of functions that are taken. The queue doesn't know when one of these no longer is.
            var unused = changed.tryAcquire(SOON.toMillis(), TimeUnit.MILLISECONDS);
        }
        return job;
    }

    private static @Nullable JobRecord first(List<JobRecord> claimed) {
        return claimed.isEmpty() ? null : claimed.getFirst();
    }

    /// @return false where the gateway is stopping: the job waits again
    private boolean begin(JobRecord job) {
        Thread thread = Thread.ofVirtual().name("job-" + job.draft().id()).unstarted(() -> run(job));
        lock.lock();
        try {
            if (!stopping) {
                running.put(thread, job);
                shares.begun(job.draft().functionId());
                thread.start();
                return true;
            }
        } finally {
            lock.unlock();
        }
        giveBack(job);
        return false;
    }

    private void run(JobRecord job) {
        CurrentRequest.begin(job.draft().requestId());
        String functionId = job.draft().functionId();
        Duration pause = Duration.ZERO;
        try {
            pause = body.run(job, version -> allow(functionId, version));
        } catch (InterruptedException e) {
            giveBack(job);
        } finally {
            lock.lock();
            try {
                running.remove(Thread.currentThread());
                shares.ended(functionId, pause, System.nanoTime());
                ended.signalAll();
            } finally {
                lock.unlock();
            }
            changed.release();
            free.release();
        }
    }

    private void allow(String functionId, FunctionVersion version) {
        Integer own = version.concurrency();
        lock.lock();
        try {
            shares.allow(functionId, own == null ? defaultShare : own);
        } finally {
            lock.unlock();
        }
        changed.release();
    }

    /// For the next start of the gateway; what has run of it doesn't count.
    private void giveBack(JobRecord job) {
        try {
            queue.giveBack(job.draft().id(), false);
        } catch (StorageException e) {
            LOG.error("Job {} can't be given back; the next start finds it: {}", job.draft().id(), e.getMessage());
        }
    }

    private Set<String> taken() {
        lock.lock();
        try {
            return shares.taken(System.nanoTime());
        } finally {
            lock.unlock();
        }
    }

    private boolean isStopping() {
        lock.lock();
        try {
            return stopping;
        } finally {
            lock.unlock();
        }
    }

    private static void pause(Duration time) {
        try {
            TimeUnit.NANOSECONDS.sleep(time.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// From here on no job begins, and the time runs that those have which are running. Doesn't wait.
    public void drain() {
        drain.begin();
        lock.lock();
        try {
            stopping = true;
        } finally {
            lock.unlock();
        }
    }

    /// Waits for running jobs until their time is over, and gives the others back to the queue.
    @Override
    public void close() {
        drain();
        try {
            loop.join();
            if (!awaitEnd(drain.left())) {
                lock.lock();
                try {
                    running.keySet().forEach(Thread::interrupt);
                } finally {
                    lock.unlock();
                }
                if (!awaitEnd(LETTING_GO)) {
                    leftBehind().forEach(this::giveBack);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Jobs whose threads are stuck in something that no interruption ends.
    private List<JobRecord> leftBehind() {
        lock.lock();
        try {
            return List.copyOf(running.values());
        } finally {
            lock.unlock();
        }
    }

    /// @return false where jobs are still running after `patience`
    private boolean awaitEnd(Duration patience) throws InterruptedException {
        lock.lock();
        try {
            long left = patience.toNanos();
            while (!running.isEmpty() && left > 0) {
                left = ended.awaitNanos(left);
            }
            return running.isEmpty();
        } finally {
            lock.unlock();
        }
    }
}
