package io.nanogrid.gateway.engine;

import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// An instance whose bootstrap runs Python code that the test sends, and the caller's side of its socket and pipes.
public final class Probe implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private static final String BOOTSTRAP = """
            import os, socket, struct
            def read(count):
                data = b''
                while len(data) < count:
                    part = channel.recv(count - len(data))
                    if not part:
                        os._exit(0)
                    data += part
                return data
            channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            channel.connect('/run/nanogrid/s')
            space = {'channel': channel}
            while True:
                code = read(struct.unpack('>i', read(4))[0]).decode()
                space['answer'] = ''
                try:
                    exec(code, space)
                    reply = str(space['answer'])
                except Exception as e:
                    reply = 'error ' + type(e).__name__ + ': ' + str(e)
                data = reply.encode()
                channel.sendall(struct.pack('>i', len(data)) + data)
            """;

    private final Path directory;
    private final ServerSocketChannel listener;
    private final CompletableFuture<String> out;
    private final CompletableFuture<String> err;
    private @Nullable EngineInstance instance;
    private @Nullable SocketChannel channel;

    private Probe(Path parent) throws IOException, InterruptedException {
        this.directory = Files.createDirectory(parent.resolve("i" + NUMBER.incrementAndGet()));
        this.listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(directory.resolve("s")));
        int made = new ProcessBuilder("mkfifo", directory.resolve("out").toString(),
                directory.resolve("err").toString())
                .inheritIO().start().waitFor();
        if (made != 0) {
            throw new IOException("mkfifo failed");
        }
        this.out = reader("out");
        this.err = reader("err");
    }

    /// A runtime of the test's own: it needs `python3` on the host, or in the local base image.
    public static RuntimeDescriptor python(RuntimeDescriptor.@Nullable Dependencies dependencies) {
        return new RuntimeDescriptor("probe", List.of(), List.of("main.py"), List.of(".py"), List.of("handler"),
                Map.of("bootstrap.py", Content.of(BOOTSTRAP.getBytes(StandardCharsets.UTF_8))),
                List.of("{interpreter}", "-I", "{bootstrap}/bootstrap.py"),
                Map.of("PYTHONDONTWRITEBYTECODE", "1"),
                List.of("python3"),
                new RuntimeDescriptor.Image("nanogrid-base-python:local", "PROBE_BASE_IMAGE",
                        "nanogrid-base-python:local",
                        "python3"),
                dependencies);
    }

    /// Makes the directory alone, for an instance that another process starts.
    public static Probe prepare(Path parent) throws IOException, InterruptedException {
        return new Probe(parent);
    }

    public static Probe start(Engine engine, Path parent, int memoryMb) throws Exception {
        return start(engine, parent, memoryMb, false, null);
    }

    public static Probe start(Engine engine, Path parent, int memoryMb, boolean network,
            @Nullable DependencyLayer dependencies)
            throws Exception {
        Probe probe = new Probe(parent);
        probe.instance = engine.start(new InstanceSpec(probe.directory.getFileName().toString(), python(null), memoryMb,
                network, dependencies, probe.directory));
        probe.accept();
        return probe;
    }

    public void accept() throws Exception {
        channel = soon("the instance connects", listener::accept);
    }

    public Path directory() {
        return directory;
    }

    public EngineInstance instance() {
        if (instance == null) {
            throw new IllegalStateException("another process has this instance");
        }
        return instance;
    }

    /// Runs the code inside; what it leaves in `answer` comes back as text.
    public String run(String python) throws Exception {
        send(python);
        SocketChannel open = channel();
        return soon("the instance answers", () -> {
            DataInputStream in = new DataInputStream(Channels.newInputStream(open));
            return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
        });
    }

    /// Like [#run], for code that ends the instance.
    public EngineInstance.Exit runToEnd(String python) throws Exception {
        send(python);
        return instance().onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /// All that was printed, once everybody who could print has gone.
    public String out() throws Exception {
        return soon(out);
    }

    public String err() throws Exception {
        return soon(err);
    }

    /// Completes when no process has the pipe `out` open any more.
    public CompletableFuture<String> outEnd() {
        return out;
    }

    @Override
    public void close() throws IOException {
        if (instance != null) {
            instance.destroy();
        }
        if (channel != null) {
            channel.close();
        }
        listener.close();
    }

    private void send(String python) throws IOException {
        byte[] code = python.getBytes(StandardCharsets.UTF_8);
        ByteBuffer frame = ByteBuffer.allocate(4 + code.length).putInt(code.length).put(code).flip();
        while (frame.hasRemaining()) {
            channel().write(frame);
        }
    }

    private SocketChannel channel() throws EOFException {
        if (channel == null) {
            throw new EOFException("not connected");
        }
        return channel;
    }

    private CompletableFuture<String> reader(String name) {
        CompletableFuture<String> text = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            try (InputStream in = Files.newInputStream(directory.resolve(name))) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                in.transferTo(bytes);
                text.complete(bytes.toString(StandardCharsets.UTF_8));
            } catch (IOException e) {
                text.completeExceptionally(e);
            }
        });
        return text;
    }

    private static <T> T soon(CompletableFuture<T> future) throws Exception {
        return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private static <T> T soon(String what, Callable<T> task) throws Exception {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = Thread.ofVirtual().start(() -> {
            try {
                result.complete(task.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return soon(result);
        } catch (TimeoutException | ExecutionException e) {
            thread.interrupt();
            throw new AssertionError("expected that " + what, e);
        }
    }
}
