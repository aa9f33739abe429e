package io.nanogrid.gateway.pool;

import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.wire.CallOutput;
import io.nanogrid.gateway.wire.Frame;
import io.nanogrid.gateway.wire.OutputPump;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// A pool over a real engine, with a directory of its own.
final class PoolFixture implements AutoCloseable {

    static final int MB = 128;

    final InstancePool pool;
    final Path directory;
    private final RuntimeDescriptor python;
    private final OutputPump pump = new OutputPump();
    private final InstanceFactory factory;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    PoolFixture(Engine engine, RuntimeDescriptor python, Path parent, PoolConfig config) throws IOException {
        this.python = python;
        this.directory = Files.createTempDirectory(parent, "p", PosixFilePermissions
                .asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
        this.factory = new InstanceFactory(engine, config, directory, pump);
        this.pool = new InstancePool(factory, config);
    }

    /// A configuration without stems, so that memory is what the functions have.
    static PoolConfig config(int instances, int queue, Duration queueWait) {
        return new PoolConfig(instances * MB, 16, 2, 4, Duration.ofMillis(10), queue, queueWait, Duration.ofSeconds(20),
                Duration.ofSeconds(20), Duration.ofMinutes(5), 0, MB, 6 << 20, 10_000);
    }

    FunctionVersion function(String name, String source) throws IOException {
        return function(name, source, MB, null);
    }

    FunctionVersion function(String name, String source, int memoryMb, @Nullable Integer concurrency)
            throws IOException {
        CodeBundle code = CodeBundle.ofText("main.py", source);
        return function(name, () -> code, memoryMb, concurrency);
    }

    FunctionVersion function(String name, FunctionVersion.CodeSource code) {
        return function(name, code, MB, null);
    }

    private FunctionVersion function(
            String name,
            FunctionVersion.CodeSource code,
            int memoryMb,
            @Nullable Integer concurrency) {
        return new FunctionVersion(new FunctionVersion.Key(name, 1), name, python, "main.py", List.of("handler"), false,
                code, Map.of(), memoryMb, Duration.ofSeconds(20), concurrency, false, null);
    }

    Lease lease(FunctionVersion version) throws InterruptedException {
        Acquired acquired = pool.acquire(version);
        if (acquired instanceof Acquired.Granted(Lease lease)) {
            return lease;
        }
        throw new AssertionError("no lease but " + acquired);
    }

    Future<Acquired> acquiring(FunctionVersion version) {
        return threads.submit(() -> pool.acquire(version));
    }

    <T> Future<T> in(Callable<T> task) {
        return threads.submit(task);
    }

    static <T> T get(Future<T> future) {
        try {
            return future.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    /// One call with an instance for it alone.
    String call(FunctionVersion version, String event) throws InterruptedException {
        try (Lease lease = lease(version)) {
            return run(lease, event);
        }
    }

    static String run(Lease lease, String event) {
        return switch (reply(lease, event, Duration.ofSeconds(20))) {
            case Lease.Reply.Answered(Frame frame) -> frame.body().text() + frame.meta().text();
            case Lease.Reply.TooLarge _,Lease.Reply.TimedOut _,Lease.Reply.Exited _,Lease.Reply.Violated _ ->
                throw new AssertionError("no answer");
        };
    }

    static Lease.Reply reply(Lease lease, String event, Duration timeout) {
        return lease.call(true, null, Bytes.EMPTY, Bytes.utf8(event), 1 << 20, timeout, new CallOutput(1000));
    }

    @Override
    public void close() {
        threads.shutdownNow();
        pool.close();
        factory.close();
        pump.close();
    }
}
