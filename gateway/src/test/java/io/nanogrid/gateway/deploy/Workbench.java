package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.Access;
import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.Database;
import io.nanogrid.db.Definition;
import io.nanogrid.db.Endpoint;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.db.StorageException;
import io.nanogrid.db.sqlite.SqliteDatabase;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.code.DirectoryCodeStore;
import io.nanogrid.gateway.deploy.FunctionCatalog.Found;
import io.nanogrid.gateway.dispatch.Call;
import io.nanogrid.gateway.dispatch.LocalDispatcher;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.RequiredEngines;
import io.nanogrid.gateway.engine.sandbox.SandboxConfig;
import io.nanogrid.gateway.engine.sandbox.SandboxEngine;
import io.nanogrid.gateway.plugins.PluginLoader;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.gateway.pool.InstanceFactory;
import io.nanogrid.gateway.pool.InstancePool;
import io.nanogrid.gateway.pool.PoolConfig;
import io.nanogrid.gateway.wire.Bytes;
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
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// All that deploys need, for real, with repositories that fail where they are told to; that of functions counts what is asked of it.
final class Workbench implements AutoCloseable {

    /// The repositories' methods that fail as on a full disk.
    final Set<String> failing = ConcurrentHashMap.newKeySet();
    /// What happens when one of the repositories' methods is called and hasn't begun, the next time.
    final Map<String, Runnable> before = new ConcurrentHashMap<>();
    /// What happens when one of the repositories' methods has done its work and hasn't returned, the next time.
    final Map<String, Runnable> after = new ConcurrentHashMap<>();
    /// What was announced, by any process.
    final Queue<Change> announced = new ConcurrentLinkedQueue<>();
    /// The catalogs' clock, in nanoseconds. Goes on by one when it is read.
    final AtomicLong now = new AtomicLong();
    final Path work;
    final Database database;
    final CodeStore store;
    final Engine engine;
    final InstancePool pool;
    final FunctionDeployer functionDeployer;
    final FunctionCatalog catalog;
    final Deployer deployer;
    final LiveRoutes routes;
    final DeployEvents events;
    /// How often each method of the repository of functions was called.
    private final Map<String, Integer> asked = new ConcurrentHashMap<>();
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Runtimes runtimes;
    private final LocalDispatcher dispatcher;

    Workbench() throws Exception {
        // As a directory that the uids of instances can pass through.
        work = Files.setPosixFilePermissions(Files.createTempDirectory("ng"),
                PosixFilePermissions.fromString("rwx--x--x"));
        engine = closing(new SandboxEngine(SandboxConfig.defaults("bench-" + ProcessHandle.current().pid(),
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
        dispatcher = new LocalDispatcher(pool, InstantSource.system(), 6 << 20, 1 << 10);
        Process first = restarted();
        functionDeployer = first.functionDeployer;
        catalog = first.catalog;
        deployer = first.deployer;
        routes = first.routes;
        events = first.events;
    }

    /// What is new in a process of its own.
    record Process(FunctionDeployer functionDeployer, FunctionCatalog catalog, Deployer deployer, LiveRoutes routes,
            DeployEvents events) {
    }

    Process restarted() {
        FunctionRepository functions = hooked(FunctionRepository.class, database.functions(),
                method -> asked.merge(method, 1, Integer::sum));
        CallbackRepository callbacks = hooked(CallbackRepository.class, database.callbacks(), _ -> {
        });
        LiveRoutes routes = new LiveRoutes();
        DeployEvents events = new DeployEvents();
        LiveFunctions live = new LiveFunctions();
        Builds builds = new Builds(callbacks, store, runtimes, engine, pool, routes, live);
        Announcer announcer = announced::add;
        return new Process(new FunctionDeployer(functions, builds, pool, live, announcer),
                new FunctionCatalog(functions, builds, pool, live, announcer, now::incrementAndGet),
                new Deployer(callbacks, functions, builds, pool, routes, live, events, announcer), routes, events);
    }

    private <T extends AutoCloseable> T closing(T part) {
        parts.push(part);
        return part;
    }

    private <T> T hooked(Class<T> repository, T real, Consumer<String> asked) {
        return repository.cast(Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[]{repository},
                (_, method, arguments) -> {
                    asked.accept(method.getName());
                    if (failing.contains(method.getName())) {
                        throw new StorageException("full: " + method.getName());
                    }
                    try {
                        run(before.remove(method.getName()));
                        Object result = method.invoke(real, arguments);
                        run(after.remove(method.getName()));
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    private static void run(@Nullable Runnable hook) {
        if (hook != null) {
            hook.run();
        }
    }

    /// How often the repository was asked for anything.
    int asked() {
        return asked.values().stream().mapToInt(Integer::intValue).sum();
    }

    int asked(String method) {
        return asked.getOrDefault(method, 0);
    }

    /// As a disk that is damaged.
    void loseCode() throws IOException {
        for (String file : codeFiles()) {
            Files.delete(work.resolve("code").resolve(file));
        }
    }

    /// @return its hash
    String stored(String source) throws IOException {
        CodeBundle code = CodeBundle.ofText("index.js", source);
        store.put(code);
        return code.hash();
    }

    List<String> codeFiles() throws IOException {
        try (Stream<Path> files = Files.list(work.resolve("code"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    CallbackDraft callbackDraft(String path, String source, @Nullable String library, @Nullable String room)
            throws IOException {
        return new CallbackDraft(path, new Endpoint(path, "GET", path, Access.NONE, null),
                new Definition("node", null, stored(source), library, Map.of(), 128, Duration.ofSeconds(10), null,
                        false, PayloadFormat.SIMPLE, false),
                room);
    }

    /// @return the id of a callback that isn't deployed
    long callback(String path, String source) throws IOException {
        return database.callbacks().create(callbackDraft(path, source, null, null)).id();
    }

    void redefine(long callback, String source) throws IOException {
        String path = database.callbacks().find(callback).orElseThrow().endpoint().path();
        database.callbacks().update(callback, callbackDraft(path, source, null, null));
    }

    Found.Ready found(String nameOrId) throws InterruptedException {
        return ready(catalog.findByName(nameOrId, null));
    }

    private static Found.Ready ready(Found found) {
        assertThat(found).isInstanceOf(Found.Ready.class);
        return (Found.Ready) found;
    }

    /// What the function answers, as JSON.
    String run(String id) throws InterruptedException {
        return run(id, null);
    }

    String run(String id, @Nullable Integer version) throws InterruptedException {
        Found.Ready found = ready(catalog.find(id, version));
        Outcome outcome = dispatcher.dispatch(new Call("r", found.version(), true, null, Bytes.utf8("{}"),
                () -> Bytes.utf8("{}"),
                deadline -> Bytes.utf8("{\"requestId\":\"r\",\"deadlineMs\":" + deadline + "}")))
                .outcome();
        assertThat(outcome).isInstanceOf(Outcome.Value.class);
        return ((Outcome.Value) outcome).json().text();
    }

    @Override
    public void close() throws Exception {
        while (!parts.isEmpty()) {
            parts.pop().close();
        }
        try (Stream<Path> all = Files.walk(work)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
