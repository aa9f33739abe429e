package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.DependencyRequest;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.EngineHealth;
import io.nanogrid.gateway.engine.EngineInstance;
import io.nanogrid.gateway.engine.InstanceCommand;
import io.nanogrid.gateway.engine.InstanceSpec;
import io.nanogrid.gateway.engine.InterpreterVersion;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Instances as bubblewrap sandboxes over the host's own interpreters. Needs no daemon and no image.
///
/// Safe for use by many threads. No process outlives the engine: the kernel kills them with its spawning thread.
public final class SandboxEngine implements Engine {

    private static final Duration TRIAL_LIMIT = Duration.ofMillis(1500);

    private final SandboxConfig config;
    private final boolean root;
    private final HostFiles files;
    private final Groups groups;
    private final UidPool uids;
    private final Launcher launcher;
    private final Trials trials;
    private final Interpreters interpreters;
    private final DependencyStore store;
    private final MemorySampler sampler = new MemorySampler();
    private final Set<SandboxInstance> live = ConcurrentHashMap.newKeySet();

    /// @throws IllegalArgumentException if a directory of `config` can't be reached by the uids of instances
    public SandboxEngine(SandboxConfig config) {
        this(config, DependencyInstaller.Limits.DEFAULT);
    }

    SandboxEngine(SandboxConfig config, DependencyInstaller.Limits installLimits) {
        this.config = config;
        this.root = runsAsRoot();
        if (root) {
            requireReachable(config.runtimeDirectory());
            requireReachable(config.dependencies());
        }
        this.files = new HostFiles(config.runtimeDirectory(), config.networkAllow(),
                Objects.requireNonNullElse(config.root(), Path.of("/")));
        Groups.Limits limits = new Groups.Limits(config.processes(), config.processors());
        this.groups = switch (config.groups()) {
            case AUTO -> GroupDetection.detect(config.gatewayId(), limits);
            case SAMPLING -> new NoGroups("switched off");
        };
        this.uids = new UidPool(config.uids(), root ? UidPool.LOCKS : null);
        this.launcher = new Launcher(files.script(), files.filter(), Programs.find("bwrap"));
        this.trials = new Trials(config, files, uids, launcher);
        this.interpreters = new Interpreters(config.root(), config.searchPath(), trials);
        this.store = new DependencyStore(config.dependencies(),
                new DependencyInstaller(config, files, groups, uids, launcher, installLimits), interpreters);
    }

    /// Removes what an earlier life of a gateway left that used this engine, for one that uses another now. Needs nothing that the engine needs.
    public static void removeLeftovers(SandboxConfig config) throws IOException {
        GroupDetection.removeLeftovers(config.gatewayId());
        StrayStarts.end(HostFiles.filter(config.runtimeDirectory()));
        HostFiles.delete(config.runtimeDirectory());
        DependencyStore.removeUnfinished(config.dependencies());
    }

    @Override
    public String name() {
        return "sandbox";
    }

    @Override
    public EngineHealth health() {
        try {
            Trials.Result result = trials.run(List.of("true"), null, TRIAL_LIMIT);
            return result.good()
                    ? new EngineHealth(true, "bubblewrap with user namespaces and seccomp; " + groups.detail()
                            + "; " + Objects.requireNonNullElse(NetworkHelper.problem(root), "network by pasta"))
                    : new EngineHealth(false,
                            Advice.onFailure("it ended with status " + result.status(), result.output()));
        } catch (EngineException e) {
            return new EngineHealth(false, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new EngineHealth(false, "the question was interrupted");
        }
    }

    @Override
    public void reconcile() throws EngineException {
        groups.reconcile();
        try {
            StrayStarts.end(files.filter());
            files.reconcile();
            store.reconcile();
        } catch (IOException e) {
            throw new EngineException("what an earlier life of the sandbox engine left can't be removed", e);
        }
    }

    @Override
    public String prepare(RuntimeDescriptor runtime, Consumer<String> log)
            throws EngineException, InterruptedException {
        files.bootstrap(runtime);
        Interpreters.Found found = interpreters.find(runtime);
        return runtime.id() + " " + InterpreterVersion.read(found.said()) + " (sandbox)";
    }

    @Override
    public Optional<InterpreterVersion> version(RuntimeDescriptor runtime) {
        return interpreters.known(runtime).map(found -> InterpreterVersion.read(found.said()));
    }

    @Override
    public EngineInstance start(InstanceSpec spec) throws EngineException, InterruptedException {
        String problem = spec.network() ? NetworkHelper.problem(root) : null;
        if (problem != null) {
            throw new EngineException(problem);
        }
        DependencyStore.Use libraries = store.use(spec.dependencies());
        OptionalInt uid = OptionalInt.empty();
        Groups.Group group = null;
        SandboxInstance instance = null;
        try {
            Interpreters.Program interpreter = interpreters.find(spec.runtime()).program();
            uid = uids.take();
            if (uid.isPresent()) {
                handOver(spec.directory(), uid.getAsInt());
            }
            group = groups.create(spec.id(), spec.memoryMb());
            ProcessTree tree = launch(spec, interpreter, libraries.directory(), uid, group);
            instance = new SandboxInstance(tree, group, freeing(uid, libraries));
        } finally {
            if (instance == null) {
                if (group != null) {
                    group.remove();
                }
                freeing(uid, libraries).run();
            }
        }
        return watched(instance, spec);
    }

    private Runnable freeing(OptionalInt uid, DependencyStore.Use libraries) {
        return () -> {
            uids.release(uid);
            libraries.end().run();
        };
    }

    private ProcessTree launch(InstanceSpec spec, Interpreters.Program interpreter, @Nullable Path libraries,
            OptionalInt uid, Groups.Group group) throws EngineException, InterruptedException {
        BubblewrapCommand sandbox = sandbox(spec, interpreter, libraries);
        List<String> command = BubblewrapCommand.limited(config, InstanceCommand.of(spec.runtime(), interpreter.path(),
                spec.memoryMb(), interpreter.searchPath(InstanceCommand.PATH)));
        NetworkHelper network = spec.network() ? files.network() : null;
        return launcher.launch(uid, group.joins(), network, sandbox.build(InstanceCommand.TASK), command);
    }

    private BubblewrapCommand sandbox(InstanceSpec spec, Interpreters.Program interpreter, @Nullable Path libraries)
            throws EngineException {
        long scratch = config.scratchBytes(spec.memoryMb());
        BubblewrapCommand sandbox = new BubblewrapCommand(config.root(), files.etc(), scratch, spec.network())
                .scratch(InstanceCommand.TASK, scratch)
                .readOnly(spec.directory(), InstanceCommand.DIRECTORY)
                .readOnly(files.bootstrap(spec.runtime()), InstanceCommand.BOOTSTRAP);
        if (libraries != null) {
            sandbox.readOnly(libraries, InstanceCommand.DEPENDENCIES);
        }
        if (interpreter.prefix() != null) {
            sandbox.readOnly(interpreter.prefix(), interpreter.prefix().toString());
        }
        return sandbox;
    }

    private EngineInstance watched(SandboxInstance instance, InstanceSpec spec) {
        live.add(instance);
        var unused = instance.onExit().thenAccept(exit -> live.remove(instance));
        if (!groups.limitMemory()) {
            sampler.watch(instance, (long) spec.memoryMb() << 20);
        }
        return instance;
    }

    @Override
    public DependencyLayer install(DependencyRequest request, Consumer<String> log)
            throws EngineException, InterruptedException {
        return store.install(request, log);
    }

    @Override
    public Set<String> layers() throws EngineException {
        return store.layers();
    }

    @Override
    public void remove(DependencyLayer layer) throws EngineException {
        store.remove(layer);
    }

    @Override
    public void close() {
        launcher.close();
        live.forEach(SandboxInstance::destroy);
        sampler.close();
        groups.close();
        uids.close();
    }

    /// Only the instance's own uid, and the gateway as root, can then look into its directory.
    private static void handOver(Path directory, int uid) throws EngineException {
        try (Stream<Path> content = Files.list(directory)) {
            if (HostFiles.barrier(directory) != null) {
                throw new EngineException(
                        "the directory for instances can't be reached by their uids: choose one whose parents"
                                + " other users can pass through (chmod o+x)");
            }
            for (Path file : content.toList()) {
                HostFiles.own(file, uid, "rw-------");
            }
            HostFiles.own(directory, uid, "rwx------");
        } catch (IOException e) {
            throw new EngineException("the instance's directory can't be given to its uid", e);
        }
    }

    private static void requireReachable(Path directory) {
        try {
            Path barrier = HostFiles.barrier(directory);
            if (barrier != null) {
                throw new IllegalArgumentException("instances have uids of their own and can't reach " + directory
                        + ": run chmod o+x " + barrier + ", or choose another directory");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean runsAsRoot() {
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self/"), "unix:uid"));
        } catch (IOException e) {
            throw new UncheckedIOException("the sandbox engine needs /proc", e);
        }
    }
}
