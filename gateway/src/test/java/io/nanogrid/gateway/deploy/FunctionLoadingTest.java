package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.deploy.FunctionCatalog.Found;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// Which version a call finds, and how it comes into memory.
final class FunctionLoadingTest extends FunctionsOnBenchTest {

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

    private static String ready(FutureTask<Found> caller) throws ExecutionException, InterruptedException {
        return ((Found.Ready) caller.get()).version().key().functionId();
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
}
