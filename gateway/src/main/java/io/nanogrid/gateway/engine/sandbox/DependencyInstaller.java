package io.nanogrid.gateway.engine.sandbox;

import io.nanogrid.gateway.engine.DependencyRequest;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.InstallFailed;
import io.nanogrid.gateway.engine.InstanceCommand;
import io.nanogrid.gateway.engine.LineSink;
import io.nanogrid.spi.RuntimeDescriptor.Dependencies;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/// Runs a runtime's installer in a sandbox of its own. Safe for use by many threads.
final class DependencyInstaller {

    private static final String BUILD = "/build";
    private static final Duration DISK_CHECK = Duration.ofMillis(500);
    private static final int NOT_FOUND = 127;

    private final SandboxConfig config;
    private final HostFiles files;
    private final Groups groups;
    private final UidPool uids;
    private final Launcher launcher;
    private final Limits limits;
    private final AtomicLong number = new AtomicLong();

    /// @param deadline after which an installer is killed
    /// @param bytes the most that an installer may have on the disk, all its files together
    record Limits(int memoryMb, Duration deadline, long bytes) {

        static final Limits DEFAULT = new Limits(1024, Duration.ofMinutes(10), 1L << 30);
    }

    DependencyInstaller(SandboxConfig config, HostFiles files, Groups groups, UidPool uids, Launcher launcher,
            Limits limits) {
        this.config = config;
        this.files = files;
        this.groups = groups;
        this.uids = uids;
        this.launcher = launcher;
        this.limits = limits;
    }

    /// Installs into a new directory below `stage`, which the caller publishes or deletes.
    ///
    /// @param stage an empty directory, passable for other users
    /// @return the directory with what was installed; nothing runs in it any more, and it belongs to the gateway
    Path install(DependencyRequest request, Interpreters.Program interpreter, Path stage, Consumer<String> log)
            throws EngineException, InterruptedException {
        Dependencies dependencies = request.runtime().dependencies();
        if (dependencies == null) {
            throw new EngineException("runtime '" + request.runtime().id() + "' has no libraries to install");
        }
        OptionalInt uid = uids.take();
        try {
            Path target = fill(stage, request, uid);
            int status = run(dependencies, interpreter, stage, uid, log);
            if (status == NOT_FOUND) {
                throw new EngineException(
                        dependencies.install().getFirst() + " isn't installed on the gateway's host, or"
                                + " something that it needs isn't");
            }
            if (status != 0) {
                throw new InstallFailed("installing " + dependencies.manifest() + " failed with exit status " + status);
            }
            StagedFiles.seal(target, uid.isPresent());
            return target;
        } catch (IOException e) {
            throw new EngineException("the libraries can't be stored", e);
        } finally {
            uids.release(uid);
        }
    }

    private static Path fill(Path stage, DependencyRequest request, OptionalInt uid) throws IOException {
        Path build = HostFiles.makeDirectory(stage.resolve("build"));
        for (var input : request.inputs().entrySet()) {
            HostFiles.write(HostFiles.inside(build, input.getKey()), input.getValue().toByteArray());
        }
        Path target = HostFiles.makeDirectory(stage.resolve("target"));
        Path scratch = HostFiles.makeDirectory(stage.resolve("tmp"));
        if (uid.isPresent()) {
            for (Path directory : List.of(build, target, scratch)) {
                StagedFiles.handOver(directory, uid.getAsInt());
            }
        }
        return target;
    }

    private int run(Dependencies dependencies, Interpreters.Program interpreter, Path stage, OptionalInt uid,
            Consumer<String> log) throws EngineException, InterruptedException {
        String problem = NetworkHelper.problem(uid.isPresent());
        if (problem != null) {
            log.accept("installing without network: " + problem);
        }
        NetworkHelper network = problem == null ? files.network() : null;
        BubblewrapCommand sandbox = new BubblewrapCommand(config.root(), files.etc(), 1 << 20, network != null)
                .writable(stage.resolve("build"), BUILD)
                .writable(stage.resolve("target"), InstanceCommand.DEPENDENCIES)
                .writable(stage.resolve("tmp"), "/tmp");
        if (interpreter.prefix() != null) {
            sandbox.readOnly(interpreter.prefix(), interpreter.prefix().toString());
        }
        List<String> words = dependencies.install().stream()
                .map(word -> word.replace("{interpreter}", interpreter.path())
                        .replace("{target}", InstanceCommand.DEPENDENCIES)
                        .replace("{manifest}", dependencies.manifest()))
                .toList();
        List<String> command = BubblewrapCommand.limited(config, BubblewrapCommand.withEnvironment(
                dependencies.environment(), interpreter.searchPath(InstanceCommand.PATH), words));
        Groups.Group group = groups.create("install-" + number.incrementAndGet(), limits.memoryMb());
        try {
            ProcessTree tree = launcher.launch(uid, group.joins(), network, sandbox.build(BUILD), command);
            return supervise(tree, group, stage, log);
        } finally {
            group.remove();
        }
    }

    private int supervise(ProcessTree tree, Groups.Group group, Path stage, Consumer<String> log)
            throws EngineException, InterruptedException {
        Thread reader = Thread.ofPlatform().daemon().name("install-output").start(() -> {
            try {
                new LineSink(log).readAll(tree.outputStream());
            } catch (IOException e) {
                log.accept("(the rest of the output is lost)");
            }
        });
        try {
            int status = await(tree, stage);
            if (status == 137 && group.outOfMemory()) {
                throw new InstallFailed("the installation needed more than " + limits.memoryMb() + " MiB of memory");
            }
            return status;
        } finally {
            tree.kill();
            tree.onEnd().join();
            reader.join();
        }
    }

    private int await(ProcessTree tree, Path stage) throws EngineException, InterruptedException {
        long since = System.nanoTime();
        while (true) {
            try {
                int status = tree.onEnd().get(DISK_CHECK.toMillis(), TimeUnit.MILLISECONDS);
                requireSmall(stage);
                return status;
            } catch (TimeoutException e) {
                if (System.nanoTime() - since > limits.deadline().toNanos()) {
                    throw new InstallFailed(
                            "the installation took longer than " + limits.deadline().toSeconds() + " s");
                }
                requireSmall(stage);
                if (!groups.limitMemory() && MemorySampler.bytesOf(tree) > (long) limits.memoryMb() << 20) {
                    throw new InstallFailed(
                            "the installation needed more than " + limits.memoryMb() + " MiB of memory");
                }
            } catch (ExecutionException e) {
                throw new EngineException("the installation can't be watched", e);
            }
        }
    }

    private void requireSmall(Path stage) throws InstallFailed {
        if (StagedFiles.bytes(stage) > limits.bytes()) {
            throw new InstallFailed("the installation takes more than " + (limits.bytes() >> 20) + " MiB of disk");
        }
    }
}
