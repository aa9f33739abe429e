package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.db.Access;
import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.Database;
import io.nanogrid.db.Definition;
import io.nanogrid.db.Endpoint;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.StorageException;
import io.nanogrid.db.sqlite.SqliteDatabase;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.code.DirectoryCodeStore;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.RequiredEngines;
import io.nanogrid.gateway.engine.sandbox.SandboxConfig;
import io.nanogrid.gateway.engine.sandbox.SandboxEngine;
import io.nanogrid.gateway.plugins.PluginLoader;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.InstanceFactory;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.PoolConfig;
import io.nanogrid.gateway.routes.RouteTable;
import io.nanogrid.gateway.wire.OutputPump;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
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

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    /// The repository's methods that fail as on a full disk.
    private final Set<String> failing = ConcurrentHashMap.newKeySet();
    /// Those that fail as in a process that runs out of memory.
    private final Set<String> broken = ConcurrentHashMap.newKeySet();
    /// What happens between a version's being stored as live and its being served.
    private final AtomicReference<Runnable> onceStored = new AtomicReference<>(() -> {
    });
    private final LiveRoutes routes = new LiveRoutes();
    private final DeployEvents events = new DeployEvents();
    private Path work;
    private Database database;
    private CodeStore store;
    private Runtimes runtimes;
    private Engine engine;
    private InstancePool pool;
    private Deployer deployer;

    @BeforeEach
    void start() throws Exception {
        // As a directory that the uids of instances can pass through.
        work = Files.setPosixFilePermissions(Files.createTempDirectory("ng"),
                PosixFilePermissions.fromString("rwx--x--x"));
        engine = closing(new SandboxEngine(SandboxConfig.defaults("deployer-" + ProcessHandle.current().pid(),
                work.resolve("deps"), work.resolve("run"))));
        RequiredEngines.check(engine);
        database = closing(SqliteDatabase.open(work));
        store = new DirectoryCodeStore(work.resolve("code"), InstantSource.system());
        runtimes = closing(new PluginLoader(List.of(Path.of("target", "plugins")), "0.1.0")).load();
        PoolConfig config = PoolConfig.withBudget(2048, 6 << 20);
        Path instances = Files.createDirectory(work.resolve("i"), PosixFilePermissions.asFileAttribute(
                PosixFilePermissions.fromString("rwx--x--x")));
        pool = closing(new InstancePool(
                closing(new InstanceFactory(engine, config, instances, closing(new OutputPump()))), config));
        deployer = deployer(routes);
    }

    private Deployer deployer(LiveRoutes served) {
        CallbackRepository callbacks = hooked(database.callbacks());
        LiveFunctions functions = new LiveFunctions();
        return new Deployer(callbacks, database.functions(),
                new Builds(callbacks, store, runtimes, engine, pool, served, functions), pool, served, functions,
                events);
    }

    private <T extends AutoCloseable> T closing(T part) {
        parts.push(part);
        return part;
    }

    @AfterEach
    void stop() throws Exception {
        while (!parts.isEmpty()) {
            parts.pop().close();
        }
        try (Stream<Path> all = Files.walk(work)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private CallbackRepository hooked(CallbackRepository real) {
        return (CallbackRepository) Proxy.newProxyInstance(getClass().getClassLoader(),
                new Class<?>[]{CallbackRepository.class}, (_, method, arguments) -> {
                    if (failing.contains(method.getName())) {
                        throw new StorageException("full: " + method.getName());
                    }
                    if (broken.contains(method.getName())) {
                        throw new OutOfMemoryError("no room: " + method.getName());
                    }
                    try {
                        Object result = method.invoke(real, arguments);
                        if (method.getName().equals("completeDeployment")) {
                            onceStored.get().run();
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private CallbackDraft draft(String path, String source, @Nullable String library, @Nullable String room)
            throws IOException {
        CodeBundle code = CodeBundle.ofText("index.js", source);
        store.put(code);
        return new CallbackDraft(path, new Endpoint(path, "GET", path, Access.NONE, null),
                new Definition("node", null, code.hash(), library, Map.of(), 128, Duration.ofSeconds(10), null, false,
                        PayloadFormat.SIMPLE, false),
                room);
    }

    private long create(String path, String source, @Nullable String library) throws IOException {
        return database.callbacks().create(draft(path, source, library, null)).id();
    }

    private static String library(String name) {
        return "{\"name\": \"" + name + "\", \"dependencies\": {}}";
    }

    private boolean isServed(String path) {
        return routes.table().find("GET", path) instanceof RouteTable.Match.Found<?>;
    }

    private CallbackStatus status(long id) {
        return database.callbacks().find(id).orElseThrow().status();
    }

    @Test
    void theFirstFailureIsToldAndTheSecondIsKeptWithIt() throws Exception {
        long id = create("a", GOOD, null);
        failing.addAll(Set.of("completeDeployment", "recoverInterrupted"));

        assertThatThrownBy(() -> deployer.deploy(id)).isInstanceOf(StorageException.class)
                .hasMessage("full: completeDeployment").satisfies(e -> assertThat(e.getSuppressed())
                        .extracting(Throwable::getMessage).containsExactly("full: recoverInterrupted"));
    }

    @Test
    void aDeployThatEndsWithAnErrorLeavesNoBuildBehind() throws Exception {
        long id = create("a", GOOD, null);
        broken.add("completeDeployment");
        assertThatThrownBy(() -> deployer.deploy(id)).isInstanceOf(OutOfMemoryError.class);
        assertThat(status(id)).isEqualTo(CallbackStatus.FAILED);
        broken.clear();

        assertThat(deployer.deploy(id)).isInstanceOf(DeployOutcome.Deployed.class);
    }

    @Test
    void aDeployThatCannotBeginLeavesNoBuildBehind() throws Exception {
        long id = create("a", GOOD, null);
        failing.add("beginVersion");

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
        failing.add("completeDeployment");

        assertThatThrownBy(() -> deployer.deploy(id)).isInstanceOf(StorageException.class);

        Awaitility.await().atMost(PATIENCE).until(() -> pool.status().idle() == 0);
        assertThat(isServed("a")).isFalse();
        assertThat(status(id)).isEqualTo(CallbackStatus.FAILED);
    }

    @Test
    void aCallbackThatIsAboutToBeServedCannotBeDeleted() throws Exception {
        long id = create("a", GOOD, null);
        AtomicReference<@Nullable Exception> refusal = new AtomicReference<>();
        onceStored.set(() -> {
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
        long id = database.callbacks().create(draft("a", GOOD, null, "room")).id();
        BlockingQueue<Thread> freeing = new ArrayBlockingQueue<>(1);
        onceStored.set(() -> {
            CallbackRecord gone = database.chatRooms().delete("room").orElseThrow();
            Thread thread = Thread.ofVirtual().start(() -> deployer.deleted(gone));
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
        events.subscribe(event -> {
            // While the build goes on, and before any version names them.
            if (event.callbackId() == id && event.type() == DeployEvent.Type.LOG) {
                sweepBy(other);
            }
        });
        onceStored.set(() -> sweepBy(other));

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
        Awaitility.await().atMost(PATIENCE).until(() -> pool.status().busy() == 0 && pool.status().idle() == 1);

        deployer(new LiveRoutes()).restore();

        Awaitility.await().atMost(PATIENCE).until(() -> engine.layers().size() == 1);
        assertThat(engine.layers()).isEqualTo(database.callbacks().dependencyKeysInUse());
    }

    @Test
    void onlyTheNewestVersionsAndTheirCodeAreKept() throws Exception {
        long id = create("a", GOOD, null);
        String function = database.callbacks().find(id).orElseThrow().function().id();
        for (int i = 0; i < Deployer.KEPT_VERSIONS + 2; i++) {
            database.callbacks().update(id, draft("a", "exports.handler = () => " + i, null, null));
            deployer.deploy(id);
        }

        assertThat(database.functions().versions(function)).hasSize(Deployer.KEPT_VERSIONS);
        try (Stream<Path> code = Files.list(work.resolve("code"))) {
            assertThat(code.map(file -> file.getFileName().toString().replace(".zip", "")))
                    .isSubsetOf(database.callbacks().codeHashesInUse());
        }
        assertThat(isServed("a")).isTrue();
    }
}
