package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.Database;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.routes.RouteTable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Deploys on a real database and the sandbox engine, with moments and failures that can't be met from outside.
final class DeployerTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String GOOD = "exports.handler = () => 1";
    private static final String BAD = "throw new Error('bad')";

    private Workbench bench;
    private Database database;
    private Engine engine;
    private Deployer deployer;

    @BeforeEach
    void start() throws Exception {
        bench = new Workbench();
        database = bench.database;
        engine = bench.engine;
        deployer = bench.deployer;
    }

    @AfterEach
    void stop() throws Exception {
        if (bench != null) {
            bench.close();
        }
    }

    private long create(String path, String source, @Nullable String library) throws IOException {
        return database.callbacks().create(bench.callbackDraft(path, source, library, null)).id();
    }

    private static String library(String name) {
        return "{\"name\": \"" + name + "\", \"dependencies\": {}}";
    }

    private boolean isServed(String path) {
        return bench.routes.table().find("GET", path) instanceof RouteTable.Match.Found<?>;
    }

    private CallbackStatus status(long id) {
        return database.callbacks().find(id).orElseThrow().status();
    }

    @Test
    void theFirstFailureIsToldAndTheSecondIsKeptWithIt() throws Exception {
        long id = create("a", GOOD, null);
        bench.failing.addAll(Set.of("completeDeployment", "recoverInterrupted"));

        assertThatThrownBy(() -> deployer.deploy(id)).isInstanceOf(StorageException.class)
                .hasMessage("full: completeDeployment").satisfies(e -> assertThat(e.getSuppressed())
                        .extracting(Throwable::getMessage).containsExactly("full: recoverInterrupted"));
    }

    @Test
    void aDeployThatEndsWithAnErrorLeavesNoBuildBehind() throws Exception {
        long id = create("a", GOOD, null);
        bench.before.put("completeDeployment", () -> {
            throw new OutOfMemoryError("no room");
        });
        assertThatThrownBy(() -> deployer.deploy(id)).isInstanceOf(OutOfMemoryError.class);
        assertThat(status(id)).isEqualTo(CallbackStatus.FAILED);

        assertThat(deployer.deploy(id)).isInstanceOf(DeployOutcome.Deployed.class);
    }

    @Test
    void aDeployThatCannotBeginLeavesNoBuildBehind() throws Exception {
        long id = create("a", GOOD, null);
        bench.failing.add("beginVersion");

        assertThatThrownBy(() -> deployer.deploy(id)).isInstanceOf(StorageException.class);

        assertThat(status(id)).isEqualTo(CallbackStatus.FAILED);
    }

    @Test
    void aDeployThatIsInterruptedBeforeItBeginsLeavesNoBuildBehind() throws Exception {
        long id = create("a", GOOD, null);
        Deployer.Accepted accepted = deployer.accept(id);
        Thread.currentThread().interrupt();

        assertThatThrownBy(accepted::run).isInstanceOf(InterruptedException.class);

        assertThat(status(id)).isEqualTo(CallbackStatus.FAILED);
    }

    @Test
    void theInstanceOfADeployThatCouldNotBeStoredIsLetGo() throws Exception {
        long id = create("a", GOOD, null);
        bench.failing.add("completeDeployment");

        assertThatThrownBy(() -> deployer.deploy(id)).isInstanceOf(StorageException.class);

        Awaitility.await().atMost(PATIENCE).until(() -> bench.pool.status().idle() == 0);
        assertThat(isServed("a")).isFalse();
        assertThat(status(id)).isEqualTo(CallbackStatus.FAILED);
    }

    @Test
    void aCallbackThatIsAboutToBeServedCannotBeDeleted() throws Exception {
        long id = create("a", GOOD, null);
        AtomicReference<@Nullable Exception> refusal = new AtomicReference<>();
        bench.after.put("completeDeployment", () -> {
            try {
                deployer.delete(id);
            } catch (InterruptedException | RuntimeException e) {
                refusal.set(e);
            }
        });

        deployer.deploy(id);

        assertThat(refusal.get()).isInstanceOf(RefusedException.BuildInProgress.class);
        assertThat(isServed("a")).isTrue();
    }

    @Test
    void aCallbackThatGoesWithItsRoomWhileItIsAboutToBeServedIsServedNoMore() throws Exception {
        database.chatRooms().create("room", "Room");
        long id = database.callbacks().create(bench.callbackDraft("a", GOOD, null, "room")).id();
        BlockingQueue<Thread> freeing = new ArrayBlockingQueue<>(1);
        bench.after.put("completeDeployment", () -> {
            Thread thread = Thread.ofVirtual().start(() -> deployer.deleteRoom(database.chatRooms(), "room"));
            freeing.add(thread);
            try {
                // It would be through by then if it didn't take its turn.
                thread.join(Duration.ofMillis(500));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });

        deployer.deploy(id);
        freeing.take().join();

        assertThat(isServed("a")).isFalse();
    }

    @Test
    void whatIsAcceptedIsInBuildAndGoesInThatOrder() throws Exception {
        long id = create("a", GOOD, null);
        Deployer.Accepted first = deployer.accept(id);
        Deployer.Accepted second = deployer.accept(id);
        assertThat(first.callback().status()).isEqualTo(CallbackStatus.BUILD);
        assertThat(status(id)).isEqualTo(CallbackStatus.BUILD);
        AtomicReference<@Nullable DeployOutcome> last = new AtomicReference<>();
        Thread later = Thread.ofVirtual().start(() -> {
            try {
                last.set(second.run());
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });

        DeployOutcome outcome = first.run();
        later.join();

        assertThat(outcome).isInstanceOfSatisfying(DeployOutcome.Deployed.class,
                deployed -> assertThat(deployed.version()).isEqualTo(1));
        assertThat(last.get()).isInstanceOfSatisfying(DeployOutcome.Deployed.class,
                deployed -> assertThat(deployed.version()).isEqualTo(2));
        deployer.delete(id);
    }

    @Test
    void whatWaitsForItsTurnToBeBuiltCannotBeDeleted() throws Exception {
        long id = create("a", GOOD, null);
        Deployer.Accepted waiting = deployer.accept(id);

        assertThatThrownBy(() -> deployer.delete(id)).isInstanceOf(RefusedException.BuildInProgress.class);

        waiting.run();
        assertThat(isServed("a")).isTrue();
    }

    @Test
    void anUnknownCallbackIsRefusedAndKeepsNobodyWaiting() throws Exception {
        assertThatThrownBy(() -> deployer.accept(7)).isInstanceOf(RefusedException.UnknownCallback.class);
        assertThatThrownBy(() -> deployer.undeploy(7)).isInstanceOf(RefusedException.UnknownCallback.class);
    }

    @Test
    void librariesOfAFailedDeployAreThereForTheNextTryAndGoWithTheNextSweep() throws Exception {
        long id = create("a", BAD, library("one"));
        long other = create("b", GOOD, null);
        assertThat(deployer.deploy(id)).isInstanceOf(BuildFault.Failed.class);
        assertThat(engine.layers()).hasSize(1);

        deployer.delete(other);

        Awaitility.await().atMost(PATIENCE).until(() -> engine.layers().isEmpty());
    }

    @Test
    void librariesThatABuildHasJustInstalledSurviveASweep() throws Exception {
        long id = create("a", GOOD, library("one"));
        long other = create("b", GOOD, null);
        bench.events.subscribe(event -> {
            // While the build goes on, and before any version names them.
            if (event.callbackId() == id && event.type() == DeployEvent.Type.LOG) {
                sweepBy(other);
            }
        });
        bench.after.put("completeDeployment", () -> sweepBy(other));

        assertThat(deployer.deploy(id)).isInstanceOf(DeployOutcome.Deployed.class);

        assertThat(engine.layers()).hasSize(1);
        assertThat(database.callbacks().find(other)).isEmpty();
    }

    private void sweepBy(long other) {
        try {
            deployer.delete(other);
        } catch (RefusedException.UnknownCallback e) {
            // A second time.
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void librariesThatTwoCallbacksShareGoWithTheLastOfThem() throws Exception {
        long first = create("a", GOOD, library("shared"));
        long second = create("b", GOOD, library("shared"));
        deployer.deploy(first);
        deployer.deploy(second);
        assertThat(engine.layers()).hasSize(1);

        deployer.delete(first);
        assertThat(engine.layers()).hasSize(1);
        deployer.delete(second);

        Awaitility.await().atMost(PATIENCE).until(() -> engine.layers().isEmpty());
    }

    @Test
    void aStartRemovesLibrariesThatNothingNeeds() throws Exception {
        long failed = create("a", BAD, library("unneeded"));
        long live = create("b", GOOD, library("needed"));
        deployer.deploy(failed);
        deployer.deploy(live);
        assertThat(engine.layers()).hasSize(2);
        Awaitility.await().atMost(PATIENCE)
                .until(() -> bench.pool.status().busy() == 0 && bench.pool.status().idle() == 1);

        bench.restarted().deployer().restore();

        Awaitility.await().atMost(PATIENCE).until(() -> engine.layers().size() == 1);
        assertThat(engine.layers()).isEqualTo(database.callbacks().dependencyKeysInUse());
    }

    @Test
    void onlyTheNewestVersionsAndTheirCodeAreKept() throws Exception {
        long id = create("a", GOOD, null);
        String function = database.callbacks().find(id).orElseThrow().function().id();
        for (int i = 0; i < Deployer.KEPT_VERSIONS + 2; i++) {
            database.callbacks().update(id, bench.callbackDraft("a", "exports.handler = () => " + i, null, null));
            deployer.deploy(id);
        }

        assertThat(database.functions().versions(function)).hasSize(Deployer.KEPT_VERSIONS);
        assertThat(bench.codeFiles()).map(file -> file.replace(".zip", ""))
                .isSubsetOf(database.callbacks().codeHashesInUse());
        assertThat(isServed("a")).isTrue();
    }

    @Test
    void aDeletedCallbackTakesTheCodeOfItsDraftAndItsVersionsAlong() throws Exception {
        List<String> before = bench.codeFiles();
        long id = create("a", GOOD, null);
        deployer.deploy(id);
        database.callbacks().update(id, bench.callbackDraft("a", "exports.handler = () => 2", null, null));

        deployer.delete(id);

        assertThat(bench.codeFiles()).isEqualTo(before);
    }
}
