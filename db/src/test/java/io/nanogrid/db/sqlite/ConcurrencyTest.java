package io.nanogrid.db.sqlite;

import static io.nanogrid.db.Drafts.definition;
import static io.nanogrid.db.Drafts.draft;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.LiveRoute;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConcurrencyTest {
    private static final int THREADS = 32;

    private SqliteDatabase database;

    @BeforeEach
    void open(@TempDir Path dir) {
        database = SqliteDatabase.open(dir);
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void callbacksThatAreCreatedAndDeployedAtOnceAreAllLive() throws Exception {
        List<List<CallbackRecord>> perThread = atOnce(thread -> {
            var made = new ArrayList<CallbackRecord>();
            for (int i = 0; i < 10; i++) {
                long id = database.callbacks().create(draft("t" + thread + "-" + i)).id();
                database.callbacks().beginVersion(id);
                made.add(database.callbacks().completeDeployment(id, 1, null));
            }
            return made;
        });

        List<CallbackRecord> made = perThread.stream().flatMap(List::stream).toList();
        assertThat(database.callbacks().list()).containsExactlyInAnyOrderElementsOf(made);
        assertThat(database.callbacks().list()).extracting(CallbackRecord::id)
                .containsExactlyElementsOf(LongStream.range(1001, 1001 + THREADS * 10).boxed().toList());
        assertThat(database.callbacks().liveRoutes()).extracting(LiveRoute::deployment)
                .containsExactlyInAnyOrderElementsOf(made.stream().map(CallbackRecord::live).toList());
    }

    @Test
    void deploysOfOneCallbackNeverShareANumber() throws Exception {
        long id = database.callbacks().create(draft("hello")).id();

        List<Integer> won = atOnce(_ -> {
            try {
                int number = database.callbacks().beginVersion(id).number();
                database.callbacks().completeDeployment(id, number, null);
                return number;
            } catch (RefusedException.BuildInProgress e) {
                return 0;
            }
        }).stream().filter(number -> number > 0).toList();

        String functionId = database.callbacks().find(id).orElseThrow().function().id();
        assertThat(won).isNotEmpty().doesNotHaveDuplicates();
        assertThat(database.functions().versions(functionId)).hasSameSizeAs(won)
                .allSatisfy(version -> assertThat(version.state()).isEqualTo(VersionState.READY))
                .extracting(VersionRecord::number).containsExactlyInAnyOrderElementsOf(won);
    }

    @Test
    void buildsOfOneFunctionNeverShareANumber() throws Exception {
        String id = database.functions().create(new FunctionDraft("f", null, definition("code", Map.of()))).id();

        List<Integer> won = atOnce(_ -> {
            try {
                int number = database.functions().beginVersion(id, definition("code", Map.of())).number();
                database.functions().completeVersion(id, number, "f", null, null);
                return number;
            } catch (RefusedException.FunctionBuildInProgress e) {
                return 0;
            }
        }).stream().filter(number -> number > 0).toList();

        assertThat(won).isNotEmpty().doesNotHaveDuplicates();
        assertThat(database.functions().versions(id)).extracting(VersionRecord::number)
                .containsExactlyInAnyOrderElementsOf(won);
        assertThat(database.functions().find(id).orElseThrow().currentVersion()).isEqualTo(Collections.max(won));
    }

    @Test
    void oneOfManyThatWantARouteGetsIt() throws Exception {
        List<Long> owners = atOnce(_ -> {
            try {
                return database.callbacks().create(draft("hello")).id();
            } catch (RefusedException.DuplicateRoute e) {
                return -e.callbackId();
            }
        });

        assertThat(owners).filteredOn(owner -> owner > 0).containsExactly(1001L);
        assertThat(owners).filteredOn(owner -> owner < 0).hasSize(THREADS - 1).containsOnly(-1001L);
        assertThat(database.callbacks().list()).hasSize(1);
    }

    @Test
    void nativeCodeNeverRunsOnTheCarrierOfAVirtualThread() throws Exception {
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Thread> write = () -> database.lanes().write(_ -> Thread.currentThread());
            Callable<Thread> read = () -> database.lanes().read(_ -> Thread.currentThread());

            assertThat(callers.submit(write).get(30, SECONDS).isVirtual()).isFalse();
            assertThat(callers.submit(read).get(30, SECONDS).isVirtual()).isFalse();
        }
    }

    @Test
    void readersGoAheadWhileWritersWait() throws Exception {
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            var release = new CountDownLatch(1);
            BusyWriter.hold(database.lanes(), release);
            var waiting = IntStream.range(0, 200)
                    .mapToObj(i -> callers.submit(() -> database.callbacks().create(draft("p" + i)))).toList();

            assertThat(callers.submit(() -> database.callbacks().list()).get(30, SECONDS)).isEmpty();

            release.countDown();
            for (Future<CallbackRecord> caller : waiting) {
                assertThat(caller.get(30, SECONDS).id()).isGreaterThan(1000);
            }
        }
    }

    @Test
    void aWriterThatIsStuckIsNotHealthy() throws Exception {
        assertThat(database.healthy()).isTrue();
        var release = new CountDownLatch(1);
        BusyWriter.hold(database.lanes(), release);

        assertThat(database.healthy()).isFalse();

        release.countDown();
    }

    @Test
    void anInterruptedCallerLearnsWhatBecameOfItsWriteAndStaysInterrupted() throws Exception {
        var interrupted = new CompletableFuture<Boolean>();
        Thread.ofVirtual().start(() -> {
            Thread.currentThread().interrupt();
            long id = database.callbacks().create(draft("hello")).id();
            interrupted.complete(Thread.currentThread().isInterrupted() && id == 1001);
        });

        assertThat(interrupted.get(30, SECONDS)).isTrue();
    }

    private interface Task<T> {
        T run(int thread);
    }

    private static <T> List<T> atOnce(Task<T> task) throws InterruptedException, ExecutionException {
        var start = new CyclicBarrier(THREADS);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var calls = IntStream.range(0, THREADS).<Callable<T>>mapToObj(thread -> () -> {
                start.await();
                return task.run(thread);
            }).toList();
            var results = new ArrayList<T>();
            for (Future<T> call : threads.invokeAll(calls)) {
                results.add(call.get());
            }
            return results;
        }
    }
}
