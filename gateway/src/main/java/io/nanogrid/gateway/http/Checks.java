package io.nanogrid.gateway.http;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks whether what a process needs works: everything at once, each with an end, and not more often than once a second, as anybody may
/// ask for it. Safe for use by many threads; the lock guards what was found last, and whoever holds it looks.
final class Checks {

    static final String OK = "ok";

    private static final Logger LOG = LoggerFactory.getLogger(Checks.class);
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final Duration FRESH = Duration.ofSeconds(1);

    private final List<Check> checks;
    private final ExecutorService threads = Executors
            .newThreadPerTaskExecutor(Thread.ofVirtual().name("check-", 0).factory());
    private final ReentrantLock lock = new ReentrantLock();
    private Map<String, String> found = Map.of();
    private long foundAt = System.nanoTime() - FRESH.toNanos();

    Checks(List<Check> checks) {
        this.checks = List.copyOf(checks);
    }

    /// What was found by name: [#OK], or what is wrong.
    Map<String, String> look() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (System.nanoTime() - foundAt >= FRESH.toNanos()) {
                found = ask();
                foundAt = System.nanoTime();
            }
            return found;
        } finally {
            lock.unlock();
        }
    }

    private Map<String, String> ask() throws InterruptedException {
        List<Callable<Boolean>> questions = checks.stream()
                .map(check -> (Callable<Boolean>) () -> check.works().getAsBoolean()).toList();
        List<Future<Boolean>> answers = threads.invokeAll(questions, PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        Map<String, String> all = new LinkedHashMap<>();
        for (int i = 0; i < checks.size(); i++) {
            Check check = checks.get(i);
            all.put(check.name(), works(check.name(), answers.get(i)) ? OK : check.fault());
        }
        return all;
    }

    private static boolean works(String name, Future<Boolean> answer) throws InterruptedException {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            LOG.warn("{}: {}", name, String.valueOf(e.getCause()));
        } catch (CancellationException e) {
            LOG.warn("{}: no answer within {} s", name, PATIENCE.toSeconds());
        }
        return false;
    }
}
