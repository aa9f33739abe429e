package io.nanogrid.gateway.worker;

import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.gateway.dispatch.ResultBus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A queue of jobs whose results are also published, for those who listen as clients of the original do. What counts stays what the queue knows: a
/// result that can't be published now isn't. Safe for use by many threads.
public final class AnnouncingQueue implements InvocationQueue {

    private static final Logger LOG = LoggerFactory.getLogger(AnnouncingQueue.class);

    private final InvocationQueue queue;
    private final ResultBus bus;
    /// Of the jobs that run here, by their ids.
    private final Map<String, String> requestIds = new ConcurrentHashMap<>();

    public AnnouncingQueue(InvocationQueue queue, ResultBus bus) {
        this.queue = queue;
        this.bus = bus;
    }

    @Override
    public JobRecord put(JobDraft draft, int maxPending) {
        return queue.put(draft, maxPending);
    }

    @Override
    public List<JobRecord> claim(int max, Set<String> except, Duration wait) throws InterruptedException {
        List<JobRecord> claimed = queue.claim(max, except, wait);
        claimed.forEach(job -> requestIds.put(job.draft().id(), job.draft().requestId()));
        return claimed;
    }

    @Override
    public boolean complete(String id, byte[] result) {
        boolean ended = queue.complete(id, result);
        announce(id, ended, result);
        return ended;
    }

    @Override
    public boolean giveUp(String id, byte[] result, String reason) {
        boolean ended = queue.giveUp(id, result, reason);
        announce(id, ended, result);
        return ended;
    }

    private void announce(String id, boolean ended, byte[] result) {
        String requestId = requestIds.remove(id);
        if (requestId != null && ended) {
            publish(requestId, result);
        }
    }

    /// For a job that the queue has ended without anybody's running it.
    public void buried(JobRecord job, byte[] result) {
        publish(job.draft().requestId(), result);
    }

    private void publish(String requestId, byte[] result) {
        try {
            bus.publish(requestId, null, result, Duration.ZERO);
        } catch (ResultBus.Unreachable e) {
            LOG.debug("Nobody hears of the end of the job of request {}: {}", requestId, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean giveBack(String id, boolean counts) {
        boolean given = queue.giveBack(id, counts);
        if (given) {
            requestIds.remove(id);
        }
        return given;
    }

    @Override
    public int recover(Function<JobRecord, byte[]> resultOfTheDead) {
        return queue.recover(resultOfTheDead);
    }
}
