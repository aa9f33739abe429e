package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.StorageException;
import io.nanogrid.db.VersionState;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.deploy.FunctionCatalog.Found;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Functions without a callback on a real database and the sandbox engine, with moments and failures that can't be met from outside.
final class FunctionDeployerTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String BAD = "throw new Error('bad')";

    private Workbench bench;
    private FunctionDeployer deployer;
    private FunctionCatalog catalog;

    @BeforeEach
    void start() throws Exception {
        bench = new Workbench();
        deployer = bench.functionDeployer;
        catalog = bench.catalog;
    }

    @AfterEach
    void stop() throws Exception {
        if (bench != null) {
            bench.close();
        }
    }

    private static String returning(Object value) {
        return "exports.handler = () => " + value;
    }

    private FunctionDraft draft(String name, String source, @Nullable String library) throws IOException {
        return new FunctionDraft(name, null, new Definition("node", null, bench.stored(source), library, Map.of(), 128,
                Duration.ofSeconds(60), null, false, PayloadFormat.SIMPLE, false));
    }

    private String create(String name, String source) throws Exception {
        return current(deployer.create(draft(name, source, null))).id();
    }

    private static FunctionRecord current(FunctionOutcome outcome) {
        assertThat(outcome).isInstanceOf(FunctionOutcome.Current.class);
        return ((FunctionOutcome.Current) outcome).function();
    }

    private FunctionOutcome update(String id, String source) throws Exception {
        return deployer.update(id, present -> draft(present.name(), source, null));
    }

    private static <T> FutureTask<T> later(Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        Thread.startVirtualThread(task);
        return task;
    }

    @Test
    void aNewFunctionRunsAtOnceAndFindingItAgainNeedsNoDatabase() throws Exception {
        String id = create("one", returning(1));
        assertThat(bench.run(id)).isEqualTo("1");
        assertThat(catalog.findByName("one", null)).isInstanceOf(Found.Ready.class);
        int before = bench.asked();

        assertThat(bench.run(id)).isEqualTo("1");
        assertThat(catalog.findByName("one", null)).isInstanceOf(Found.Ready.class);

        assertThat(bench.asked()).isEqualTo(before);
    }

    @Test
    void ofTwoWithOneNameTheNewestIsFound() throws Exception {
        create("same", returning(1));
        catalog.findByName("same", null);
        String second = create("same", returning(2));

        assertThat(bench.found("same").version().key().functionId()).isEqualTo(second);
        deployer.delete(second);
        assertThat(bench.found("same").version().key().functionId()).isNotEqualTo(second);
    }

    @Test
    void anIdGoesBeforeAName() throws Exception {
        String id = create("first", returning(1));
        create(id, returning(2));

        assertThat(bench.found(id).version().key().functionId()).isEqualTo(id);
    }

    @Test
    void whatIsNotThereIsSaidToBeUnknown() throws Exception {
        String id = create("one", returning(1));

        assertThat(catalog.find("nothing", null)).isEqualTo(new Found.Unknown());
        assertThat(catalog.findByName("nothing", null)).isEqualTo(new Found.Unknown());
        assertThat(catalog.find(id, 2)).isEqualTo(new Found.UnknownVersion(2));
    }

    @Test
    void anOlderVersionRunsByItsNumber() throws Exception {
        String id = create("one", returning(1));
        update(id, returning(2));

        assertThat(bench.run(id, 1)).isEqualTo("1");
        assertThat(bench.run(id, 2)).isEqualTo("2");
        assertThat(bench.run(id)).isEqualTo("2");
    }

    @Test
    void aVersionThatCouldNotBeBuiltCannotBeRunByItsNumber() throws Exception {
        String id = create("one", returning(1));
        assertThat(update(id, BAD)).isInstanceOf(BuildFault.Failed.class);

        assertThat(catalog.find(id, 2)).isEqualTo(new Found.UnknownVersion(2));
        assertThat(bench.run(id)).isEqualTo("1");
    }

    @Test
    void noCallFailsOrGoesBackToAnOlderVersionWhileTheFunctionChanges() throws Exception {
        String id = create("one", returning(0));
        AtomicBoolean ended = new AtomicBoolean();
        List<FutureTask<List<String>>> callers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            callers.add(later(() -> {
                List<String> seen = new ArrayList<>();
                while (!ended.get()) {
                    seen.add(bench.run(id));
                }
                return seen;
            }));
        }

        for (int i = 1; i <= 5; i++) {
            current(update(id, returning(i)));
            assertThat(bench.run(id)).isEqualTo(String.valueOf(i));
        }
        ended.set(true);

        for (FutureTask<List<String>> caller : callers) {
            assertThat(caller.get()).isSorted().isSubsetOf("0", "1", "2", "3", "4", "5");
        }
    }

    @Test
    void aCallInFlightEndsAlthoughItsFunctionIsDeleted() throws Exception {
        String id = create("slow",
                "exports.handler = () => new Promise(done => setTimeout(() => done('ended'), 1500))");
        FutureTask<String> call = later(() -> bench.run(id));
        Awaitility.await().atMost(PATIENCE).until(() -> bench.pool.status().busy() == 1);

        deployer.delete(id);

        assertThat(catalog.find(id, null)).isEqualTo(new Found.Unknown());
        assertThat(call.get()).isEqualTo("\"ended\"");
        Awaitility.await().atMost(PATIENCE)
                .until(() -> bench.pool.status().idle() == 0 && bench.pool.status().busy() == 0);
    }

    @Test
    void aDeletedFunctionLeavesNoInstanceCodeOrLibrary() throws Exception {
        String id = current(deployer.create(draft("one", returning(1), "{\"name\": \"l\", \"dependencies\": {}}")))
                .id();
        assertThat(bench.run(id)).isEqualTo("1");
        assertThat(bench.engine.layers()).hasSize(1);

        deployer.delete(id);

        Awaitility.await().atMost(PATIENCE)
                .until(() -> bench.engine.layers().isEmpty() && bench.pool.status().idle() == 0);
        assertThat(bench.codeFiles()).isEmpty();
    }

    @Test
    void librariesThatTwoFunctionsShareGoWithTheLastOfThem() throws Exception {
        String library = "{\"name\": \"shared\", \"dependencies\": {}}";
        String first = current(deployer.create(draft("one", returning(1), library))).id();
        String second = current(deployer.create(draft("two", returning(2), library))).id();

        deployer.delete(first);
        assertThat(bench.engine.layers()).hasSize(1);
        assertThat(bench.run(second)).isEqualTo("2");
        deployer.delete(second);

        Awaitility.await().atMost(PATIENCE).until(() -> bench.engine.layers().isEmpty());
    }

    @Test
    void aFunctionThatCannotBeStoredAsBuiltLeavesNothing() throws Exception {
        bench.failing.add("completeVersion");

        assertThatThrownBy(() -> create("one", returning(1))).isInstanceOf(StorageException.class);

        assertThat(bench.database.functions().findByName("one")).isEmpty();
        Awaitility.await().atMost(PATIENCE).until(() -> bench.pool.status().idle() == 0);
        assertThat(bench.codeFiles()).isEmpty();
    }

    @Test
    void aChangeThatCannotBeStoredAsBuiltChangesNothing() throws Exception {
        String id = create("one", returning(1));
        FunctionRecord before = bench.database.functions().find(id).orElseThrow();
        bench.failing.add("completeVersion");
        assertThatThrownBy(() -> update(id, returning(2))).isInstanceOf(StorageException.class);
        bench.failing.clear();

        FunctionRecord after = bench.database.functions().find(id).orElseThrow();
        assertThat(after).isEqualTo(before);
        assertThat(bench.run(id)).isEqualTo("1");
    }

    @Test
    void aNewNameComesWithTheVersionThatItWasGivenWith() throws Exception {
        String id = create("old", returning(1));

        deployer.update(id, _ -> draft("bad", BAD, null));
        assertThat(catalog.findByName("bad", null)).isEqualTo(new Found.Unknown());
        assertThat(bench.found("old").version().name()).isEqualTo("old");

        deployer.update(id, _ -> draft("new", returning(2), null));
        assertThat(catalog.findByName("old", null)).isEqualTo(new Found.Unknown());
        assertThat(bench.found("new").version().name()).isEqualTo("new");
    }

    @Test
    void aChangeThatAGatewayDiedOfLeavesTheOldNameAndCode() throws Exception {
        String id = create("old", returning(1));
        bench.failing.addAll(Set.of("completeVersion", "failVersion"));
        assertThatThrownBy(() -> deployer.update(id, _ -> draft("new", returning(2), null)))
                .isInstanceOf(StorageException.class);
        bench.failing.clear();
        Workbench.Process next = bench.restarted();

        next.functionDeployer().restore();

        assertThat(next.catalog().findByName("new", null)).isEqualTo(new Found.Unknown());
        assertThat(next.catalog().findByName("old", null)).isInstanceOfSatisfying(Found.Ready.class,
                found -> assertThat(found.version().key().version()).isOne());
    }

    @Test
    void aBuildWhoseEndWasNeverStoredDoesNotStandInTheWayOfTheNext() throws Exception {
        String id = create("one", returning(1));
        bench.failing.addAll(Set.of("completeVersion", "failVersion"));
        assertThatThrownBy(() -> update(id, returning(2))).isInstanceOf(StorageException.class);
        bench.failing.clear();
        assertThat(bench.database.functions().version(id, 2).orElseThrow().state()).isEqualTo(VersionState.BUILDING);

        current(update(id, returning(3)));

        assertThat(bench.run(id)).isEqualTo("3");
        assertThat(bench.database.functions().version(id, 2).orElseThrow().state()).isEqualTo(VersionState.FAILED);
    }

    @Test
    void aFunctionThatIsBeingBuiltCannotBeDeleted() throws Exception {
        String id = create("one", returning(1));
        AtomicReference<@Nullable Exception> refusal = new AtomicReference<>();
        bench.after.put("completeVersion", () -> {
            try {
                deployer.delete(id);
            } catch (InterruptedException | RuntimeException e) {
                refusal.set(e);
            }
        });

        update(id, returning(2));

        assertThat(refusal.get()).isInstanceOf(RefusedException.FunctionBuildInProgress.class);
        assertThat(bench.run(id)).isEqualTo("2");
    }

    @Test
    void onlyTheNewestVersionsAndTheirCodeAreKept() throws Exception {
        String id = create("one", returning(1));
        for (int i = 2; i <= Deployer.KEPT_VERSIONS; i++) {
            update(id, returning(i));
        }
        assertThat(bench.run(id, 1)).isEqualTo("1");
        // So that the next version has the code of one that goes.
        update(id, returning(2));
        update(id, returning(3));

        assertThat(bench.database.functions().versions(id)).hasSize(Deployer.KEPT_VERSIONS);
        assertThat(catalog.find(id, 1)).isEqualTo(new Found.UnknownVersion(1));
        assertThat(bench.run(id)).isEqualTo("3");
        assertThat(bench.codeFiles()).hasSize(Deployer.KEPT_VERSIONS - 1)
                .doesNotContain(CodeBundle.ofText("index.js", returning(1)).hash() + ".zip");
    }

    @Test
    void aVersionThatWasLoadedIsNotFoundWhenItIsNotKeptAnyMore() throws Exception {
        String id = create("one", returning(1));
        for (int i = 2; i <= Deployer.KEPT_VERSIONS; i++) {
            update(id, returning(i));
        }
        bench.before.put("pruneVersions", done(() -> assertThat(bench.run(id, 1)).isEqualTo("1")));
        update(id, returning(0));

        assertThat(catalog.find(id, 1)).isEqualTo(new Found.UnknownVersion(1));
    }

    @Test
    void aStartEndsWhatWasBeingBuiltAndRemovesCodeThatNothingUses() throws Exception {
        String whole = create("whole", returning(1));
        bench.database.functions().beginVersion(whole, draft("whole", returning(1), null).definition());
        FunctionDraft unborn = draft("half", returning(2), null);
        String half = bench.database.functions().create(unborn).id();
        bench.database.functions().beginVersion(half, unborn.definition());
        try (Stream<Path> code = Files.list(bench.work.resolve("code"))) {
            for (Path file : code.toList()) {
                Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
            }
        }

        bench.restarted().functionDeployer().restore();

        assertThat(bench.database.functions().find(half)).isEmpty();
        assertThat(bench.database.functions().version(whole, 2).orElseThrow().state()).isEqualTo(VersionState.FAILED);
        assertThat(bench.codeFiles()).containsExactly(bench.stored(returning(1)) + ".zip");
    }

    @Test
    void afterARestartTheFirstCallLoadsWhatIsStored() throws Exception {
        String id = create("one", returning(1));
        FunctionCatalog fresh = bench.restarted().catalog();

        List<FutureTask<Found>> callers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            callers.add(later(() -> fresh.findByName("one", null)));
        }

        for (FutureTask<Found> caller : callers) {
            assertThat(ready(caller)).isEqualTo(id);
        }
    }

    @Test
    void aFunctionThatIsDeletedWhileItIsLoadedIsNotFoundAfterwards() throws Exception {
        String id = create("one", returning(1));
        create("keeps the code", returning(1));
        Workbench.Process fresh = bench.restarted();
        bench.after.put("version", done(() -> fresh.functionDeployer().delete(id)));

        fresh.catalog().find(id, null);

        assertThat(fresh.catalog().find(id, null)).isEqualTo(new Found.Unknown());
    }

    @Test
    void aNameThatIsGivenUpWhileItIsLookedUpIsNotFoundAfterwards() throws Exception {
        String id = create("old", returning(1));
        Workbench.Process fresh = bench.restarted();
        bench.after.put("findByName",
                done(() -> fresh.functionDeployer().update(id, _ -> draft("new", returning(2), null))));

        fresh.catalog().findByName("old", null);

        assertThat(fresh.catalog().findByName("old", null)).isEqualTo(new Found.Unknown());
    }

    @FunctionalInterface
    private interface Step {
        void run() throws Exception;
    }

    private static Runnable done(Step step) {
        return () -> {
            try {
                step.run();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        };
    }

    private static String ready(FutureTask<Found> caller) throws ExecutionException, InterruptedException {
        return ((Found.Ready) caller.get()).version().key().functionId();
    }

    @Test
    void afterARestartAFunctionWhoseCodeIsLostIsNotTakenForUnknown() throws Exception {
        String id = create("one", returning(1));
        bench.loseCode();

        assertThat(bench.restarted().catalog().find(id, null)).isInstanceOfSatisfying(Found.Unavailable.class,
                found -> assertThat(found.message()).contains("send it again"));
    }

    @Test
    void aFunctionThatCannotBeLoadedIsTriedOnceForAllWhoWaitForIt() throws Exception {
        String id = create("one", returning(1));
        bench.loseCode();
        FunctionCatalog fresh = bench.restarted().catalog();
        int before = bench.asked("version");
        List<FutureTask<Found>> waiters = new ArrayList<>();
        bench.after.put("version", done(() -> {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                FutureTask<Found> waiter = new FutureTask<>(() -> fresh.find(id, null));
                waiters.add(waiter);
                threads.add(Thread.startVirtualThread(waiter));
            }
            Awaitility.await().atMost(PATIENCE)
                    .until(() -> threads.stream().allMatch(thread -> thread.getState() == Thread.State.WAITING));
            bench.now.addAndGet(Duration.ofMinutes(1).toNanos());
            create("another", returning(2));
        }));

        assertThat(fresh.find(id, null)).isInstanceOf(Found.Unavailable.class);

        for (FutureTask<Found> waiter : waiters) {
            assertThat(waiter.get()).isInstanceOf(Found.Unavailable.class);
        }
        assertThat(bench.asked("version")).isEqualTo(before + 1);
    }

    @Test
    void aFunctionThatCouldNotBeLoadedIsTriedAgainAfterASecond() throws Exception {
        String id = create("one", returning(1));
        bench.loseCode();
        FunctionCatalog fresh = bench.restarted().catalog();
        assertThat(fresh.find(id, null)).isInstanceOf(Found.Unavailable.class);
        bench.stored(returning(1));

        assertThat(fresh.find(id, null)).isInstanceOf(Found.Unavailable.class);
        bench.now.addAndGet(Duration.ofSeconds(1).toNanos());
        assertThat(fresh.find(id, null)).isInstanceOf(Found.Ready.class);
    }

    @Test
    void aChangeMakesUpForAFunctionThatCouldNotBeLoadedAtOnce() throws Exception {
        String id = create("one", returning(1));
        bench.loseCode();
        Workbench.Process fresh = bench.restarted();
        assertThat(fresh.catalog().find(id, null)).isInstanceOf(Found.Unavailable.class);

        fresh.functionDeployer().update(id, present -> draft(present.name(), returning(2), null));
        assertThat(fresh.catalog().find(id, null)).isInstanceOf(Found.Ready.class);
        assertThat(fresh.catalog().find(id, 1)).isInstanceOf(Found.Unavailable.class);
        fresh.functionDeployer().delete(id);
        assertThat(fresh.catalog().find(id, 1)).isEqualTo(new Found.Unknown());
    }

    @Test
    void whatACallbackServesIsFoundAtOnceByDeployRollbackAndUndeploy() throws Exception {
        long callback = bench.callback("a", returning(1));
        String id = bench.database.callbacks().find(callback).orElseThrow().function().id();
        assertThat(catalog.find(id, null)).isEqualTo(new Found.NotDeployed(callback));

        bench.deployer.deploy(callback);
        assertThat(bench.run(id)).isEqualTo("1");
        bench.redefine(callback, returning(2));
        assertThat(bench.run(id)).isEqualTo("1");
        bench.deployer.deploy(callback);
        assertThat(bench.run(id)).isEqualTo("2");
        bench.deployer.rollback(callback);
        assertThat(bench.run(id)).isEqualTo("1");
        bench.deployer.undeploy(callback);
        assertThat(catalog.find(id, null)).isEqualTo(new Found.NotDeployed(callback));
        assertThat(catalog.find(id, 1)).isEqualTo(new Found.NotDeployed(callback));
    }

    @Test
    void theFunctionOfACallbackIsNotChangedHere() throws Exception {
        String id = bench.database.callbacks().find(bench.callback("a", returning(1))).orElseThrow().function().id();

        assertThatThrownBy(() -> update(id, returning(2))).isInstanceOf(RefusedException.OwnedByCallback.class);
        assertThatThrownBy(() -> deployer.delete(id)).isInstanceOf(RefusedException.OwnedByCallback.class);
    }
}
