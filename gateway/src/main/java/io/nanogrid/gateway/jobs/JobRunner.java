package io.nanogrid.gateway.jobs;

import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.invoke.RunFunction;
import io.nanogrid.gateway.logs.CurrentRequest;
import io.nanogrid.gateway.pool.FunctionVersion;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes jobs from the queue and runs them, each in a virtual thread, as many at once as may find an instance. Safe for use by many threads.
///
/// A job is claimed when its function may run one more, never to wait here: whatever happens to this process then costs it no attempt.
public final class JobRunner implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(JobRunner.class);
    /// How often the loop looks whether it is still wanted.
    private static final Duration LOOK = Duration.ofMillis(250);
    /// How long jobs of other functions may lie while the first in line can't begin.
    private static final Duration SOON = Duration.ofMillis(50);
    private static final Duration AFTER_A_FAILURE = Duration.ofSeconds(1);
    /// How long an interrupted job may take to give back its instance.
    private static final Duration LETTING_GO = Duration.ofSeconds(10);

    private final InvocationQueue queue;
    private final JobCall call;
    private final int defaultShare;
    private final Duration drain;
    private final Semaphore free;
    /// Released when a function that was taken may not be any more.
    private final Semaphore changed = new Semaphore(0);
    private final Thread loop = Thread.ofVirtual().name("jobs").unstarted(this::loop);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    /// Guarded by the lock, as are the next three.
    private final Shares shares = new Shares();
    private final Set<Thread> running = new HashSet<>();
    private boolean stopping;
    private long stopBy;

    /// @param most jobs that run at once
    /// @param defaultShare jobs of one function that run at once where the function doesn't say how many calls of it may
    /// @param drain how long running jobs may go on when the gateway stops
    public JobRunner(InvocationQueue queue, FunctionCatalog functions, RunFunction run, int most, int defaultShare,
            Duration drain) {
        this.queue = queue;
        this.call = new JobCall(queue, functions, run);
        this.defaultShare = defaultShare;
        this.drain = drain;
        this.free = new Semaphore(most);
    }

    /// Picks up what an earlier process left, and begins. To be called once.
    public void start() {
        int left = queue.recover(job -> JobCall.resultOfTheDead(job, "the gateway died during each of its "
                + job.attempts() + " attempts"));
        if (left > 0) {
            LOG.info("{} jobs were running when the gateway ended last time", left);
        }
        loop.start();
    }

    private void loop() {
        while (!isStopping()) {
            try {
                if (free.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS) && !beganOne()) {
                    free.release();
                }
            } catch (StorageException e) {
                free.release();
                LOG.error("The queue of jobs can't be read: {}", e.getMessage());
                pause(AFTER_A_FAILURE);
            } catch (RuntimeException e) {
                free.release();
                LOG.error("The next job can't be begun", e);
                pause(AFTER_A_FAILURE);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private boolean beganOne() throws InterruptedException {
        Set<String> taken = taken();
        List<JobRecord> claimed = queue.claim(1, taken, taken.isEmpty() ? LOOK : Duration.ZERO);
        if (claimed.isEmpty()) {
            if (!taken.isEmpty() && changed.tryAcquire(SOON.toMillis(), TimeUnit.MILLISECONDS)) {
                changed.drainPermits();
            }
            return false;
        }
        return begin(claimed.getFirst());
    }

    private boolean begin(JobRecord job) {
        Thread thread = Thread.ofVirtual().name("job-" + job.draft().id()).unstarted(() -> run(job));
        lock.lock();
        try {
            if (!stopping) {
                running.add(thread);
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
            pause = runOrTryAgain(job);
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

    private Duration runOrTryAgain(JobRecord job) throws InterruptedException {
        try {
            return call.run(job, version -> allow(job.draft().functionId(), version));
        } catch (RuntimeException | Error e) {
            LOG.error("Job {} failed in the gateway", job.draft().id(), e);
            return call.again(job, "the gateway failed; its log says why");
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
        lock.lock();
        try {
            if (!stopping) {
                stopping = true;
                stopBy = System.nanoTime() + drain.toNanos();
            }
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
            awaitEnd(stopBy);
            lock.lock();
            try {
                running.forEach(Thread::interrupt);
            } finally {
                lock.unlock();
            }
            awaitEnd(System.nanoTime() + LETTING_GO.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitEnd(long deadline) throws InterruptedException {
        lock.lock();
        try {
            long left = deadline - System.nanoTime();
            while (!running.isEmpty() && left > 0) {
                left = ended.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }
}
