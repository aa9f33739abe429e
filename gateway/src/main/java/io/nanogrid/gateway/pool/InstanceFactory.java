package io.nanogrid.gateway.pool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.engine.DependencyLayer;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.EngineInstance;
import io.nanogrid.gateway.engine.InstanceSpec;
import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.wire.CallOutput;
import io.nanogrid.gateway.wire.Channel;
import io.nanogrid.gateway.wire.Frame;
import io.nanogrid.gateway.wire.FrameKind;
import io.nanogrid.gateway.wire.InstanceSocket;
import io.nanogrid.gateway.wire.OutputPump;
import io.nanogrid.gateway.wire.OutputTap;
import io.nanogrid.gateway.wire.ProtocolViolation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes instances and loads functions into them. Here an engine's process and a wire's channel come together.
///
/// Safe for use by many threads; every method blocks.
public final class InstanceFactory implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(InstanceFactory.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CODE_DIRECTORY = "/var/task";
    private static final String OUTPUT_DIRECTORY = "/tmp/output";
    private static final int BACKGROUND_BYTES = 16 << 10;

    private final Engine engine;
    private final PoolConfig config;
    private final Path runDirectory;
    private final OutputPump pump;
    private final AtomicLong counter = new AtomicLong();
    private final ScheduledExecutorService alarms = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("instance-alarms").factory());

    /// @param runDirectory where each instance gets a directory of its own; its path is short, as those of sockets must be
    public InstanceFactory(Engine engine, PoolConfig config, Path runDirectory, OutputPump pump) {
        this.engine = engine;
        this.config = config;
        this.runDirectory = runDirectory;
        this.pump = pump;
    }

    /// Starts an instance and waits until it has greeted.
    ///
    /// @throws EngineException if it can't be started, or ends or stays silent instead of greeting
    PooledInstance start(InstanceShape shape, @Nullable DependencyLayer dependencies)
            throws EngineException, InterruptedException {
        String id = shape.runtime().id() + "-" + Long.toString(counter.incrementAndGet(), 36);
        Path directory = runDirectory.resolve(id);
        CallOutput background = new CallOutput(BACKGROUND_BYTES);
        EngineInstance process = null;
        OutputTap output = null;
        InstanceSocket socket = null;
        try {
            Files.createDirectory(directory);
            output = OutputTap.open(directory, pump, background);
            socket = InstanceSocket.listen(directory);
            process = engine.start(
                    new InstanceSpec(id, shape.runtime(), shape.memoryMb(), shape.network(), dependencies, directory));
            Channel channel = accept(socket, process);
            output.unlink();
            return new PooledInstance(id, shape, process, channel, output, background, directory);
        } catch (IOException e) {
            String reason = whyNoGreeting(process, output, background, e);
            discard(process, output, socket, directory);
            throw new EngineException("the " + shape.runtime().id() + " runtime didn't start: " + reason, e);
        } catch (EngineException | InterruptedException | RuntimeException e) {
            discard(process, output, socket, directory);
            throw e;
        }
    }

    private Channel accept(InstanceSocket socket, EngineInstance process) throws IOException {
        Runnable stopWaiting = () -> close(socket);
        Future<?> alarm = alarms.schedule(stopWaiting, config.startTimeout().toMillis(), TimeUnit.MILLISECONDS);
        process.onExit().thenRun(stopWaiting);
        try {
            return socket.accept();
        } finally {
            alarm.cancel(false);
        }
    }

    private static String whyNoGreeting(
            @Nullable EngineInstance process,
            @Nullable OutputTap output,
            CallOutput background,
            IOException e) {
        if (process == null || output == null) {
            // What the exception says names paths of the host.
            LOG.error("The socket and the pipes of an instance can't be made", e);
            return "its socket and pipes can't be made: the gateway's log says why";
        }
        EngineInstance.Exit exit = process.onExit().getNow(null);
        output.end();
        String printed = (background.stderr() + background.stdout()).strip();
        String what = exit == null ? "it said nothing in time" : "it ended with exit code " + exit.code();
        return printed.isEmpty() ? what : what + " and printed: " + printed;
    }

    /// Sends a stem its function.
    ///
    /// @return null when the function is loaded, else what went wrong; the instance is then of no further use
    @Nullable
    Acquired specialize(PooledInstance instance, FunctionVersion version) {
        CallOutput printed = new CallOutput(config.outputBytes());
        Future<?> alarm = null;
        try {
            CodeBundle code = version.code().get();
            instance.output.begin(printed);
            alarm = alarms.schedule(
                    () -> Thread.startVirtualThread(instance.process::destroy), config.initTimeout().toMillis(),
                    TimeUnit.MILLISECONDS);
            Frame answer = instance.channel.init(initMeta(version, code), concatenated(code));
            if (answer.kind() == FrameKind.READY) {
                return null;
            }
            instance.output.end();
            return new Acquired.InitFailed(answer.meta(), printed.stdout() + printed.stderr());
        } catch (IOException e) {
            instance.output.end();
            return initDied(instance, version, alarm, printed, config.initTimeout(), e);
        } finally {
            if (alarm != null) {
                alarm.cancel(false);
            }
        }
    }

    private static Acquired initDied(PooledInstance instance, FunctionVersion version, @Nullable Future<?> alarm,
            CallOutput printed, Duration limit, IOException e) {
        if (alarm == null) {
            LOG.error("The code of {} can't be read", version, e);
            return new Acquired.Unavailable("the function's code can't be read");
        }
        boolean tooLong = alarm.isDone();
        EngineInstance.Exit exit = exitOf(instance.process, e);
        String message = tooLong
                ? "loading the function took longer than " + limit.toSeconds() + " s"
                : exit == null
                        ? "the instance broke the protocol while the function was loaded: " + e.getMessage()
                        : exit.outOfMemory()
                                ? "the function exceeded its memory while it was loaded"
                                : "the process ended with exit code " + exit.code() + " while the function was loaded";
        return new Acquired.InitDied(message, exit != null && exit.outOfMemory(), printed.stdout() + printed.stderr());
    }

    /// How a process ended whose connection failed, or null if it goes on running. Whoever has just said something that the protocol
    /// doesn't allow isn't waited for: it needn't end by itself. Nor does a thread wait that was interrupted, which has closed the
    /// connection itself by that.
    static EngineInstance.@Nullable Exit exitOf(EngineInstance process, IOException failure) {
        if (failure instanceof ProtocolViolation) {
            return process.onExit().getNow(null);
        }
        try {
            return process.onExit().copy().completeOnTimeout(null, 1, TimeUnit.SECONDS).get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        } catch (ExecutionException e) {
            throw new IllegalStateException("the end of a process is never a failure", e);
        }
    }

    /// Destroys an instance and all that belongs to it; returns when nothing of it is left.
    void destroy(PooledInstance instance) {
        instance.channel.close();
        discard(instance.process, instance.output, null, instance.directory);
    }

    private void discard(
            @Nullable EngineInstance process,
            @Nullable OutputTap output,
            @Nullable InstanceSocket socket,
            Path directory) {
        if (process != null) {
            process.destroy();
        }
        if (socket != null) {
            close(socket);
        }
        try {
            if (output != null) {
                output.unlink();
                output.close();
            }
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            LOG.warn("The directory of an instance stays behind until the next start: {}", e.toString());
        }
    }

    private static void close(InstanceSocket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("A socket didn't close", e);
        }
    }

    private Bytes initMeta(FunctionVersion version, CodeBundle code) {
        Map<String, Object> meta = new LinkedHashMap<>();
        meta.put("function", version.name());
        meta.put("version", version.key().version());
        meta.put("memoryMb", version.memoryMb());
        meta.put("timeoutMs", version.timeout().toMillis());
        meta.put("directory", CODE_DIRECTORY);
        List<Map<String, Object>> files = code.files().entrySet().stream()
                .map(file -> Map.<String, Object>of("path", file.getKey(), "size", file.getValue().size()))
                .toList();
        meta.put("files", files);
        meta.put("file", version.file());
        meta.put("handlers", version.handlers());
        meta.put("script", version.script());
        meta.put("maxResultBytes", config.resultBytes());
        meta.put("outputDirectory", OUTPUT_DIRECTORY);
        meta.put("dependencies", version.dependencies() == null ? null : version.dependencies().location());
        meta.put("env", version.env());
        try {
            return Bytes.wrap(JSON.writeValueAsBytes(meta));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Bytes concatenated(CodeBundle code) {
        byte[] all = new byte[(int) code.size()];
        int at = 0;
        for (var content : code.files().values()) {
            System.arraycopy(content.toByteArray(), 0, all, at, content.size());
            at += content.size();
        }
        return Bytes.wrap(all);
    }

    @Override
    public void close() {
        alarms.shutdownNow();
    }
}
