package io.nanogrid.gateway.engine.docker;

import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineInstance;
import io.nanogrid.gateway.engine.InstanceSpec;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import io.nanogrid.spi.RuntimeDescriptor.Dependencies;
import io.nanogrid.spi.RuntimeDescriptor.Image;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import java.util.UUID;

/// An instance that evaluates Python expressions which a test sends to it.
final class Probe implements AutoCloseable {

    private static final String SCRIPT = """
            import os, socket
            s = socket.socket(socket.AF_UNIX)
            s.connect('/run/nanogrid/s')
            f = s.makefile('rw')
            for line in f:
                try:
                    f.write(repr(eval(line)) + '\\n')
                except Exception as e:
                    f.write(repr(e) + '\\n')
                f.flush()
            """;

    final EngineInstance instance;
    final String id;
    private final SocketChannel connection;
    private final Scanner answers;

    private Probe(EngineInstance instance, String id, SocketChannel connection) {
        this.instance = instance;
        this.id = id;
        this.connection = connection;
        this.answers = new Scanner(Channels.newInputStream(connection), StandardCharsets.UTF_8);
    }

    static RuntimeDescriptor runtime() {
        return runtime("nanogrid-base-python:local", "nanogrid-base-python:local");
    }

    static RuntimeDescriptor runtime(String base, String fallback) {
        return new RuntimeDescriptor("probe", List.of(), List.of("main.py"), List.of(".py"), List.of("handler"),
                Map.of("probe.py", Content.of(SCRIPT.getBytes(StandardCharsets.UTF_8))),
                List.of("{interpreter}", "-I", "{bootstrap}/probe.py"), Map.of(), List.of("python3"),
                new Image(base, "PROBE_BASE_IMAGE", fallback, "python3"),
                new Dependencies("manifest", List.of("manifest"), List.of("/bin/sh", "./{manifest}"), Map.of()));
    }

    /// Starts one and waits until it has connected.
    static Probe start(Engine engine, Path parent) throws Exception {
        String id = "p-" + UUID.randomUUID().toString().substring(0, 8);
        Path directory = Files.createDirectory(parent.resolve(id));
        for (String pipe : List.of("out", "err")) {
            Path path = directory.resolve(pipe);
            new ProcessBuilder("mkfifo", path.toString()).inheritIO().start().waitFor();
            Thread.ofPlatform().daemon().start(() -> drain(path));
        }
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(directory.resolve("s")));
            var instance = engine.start(new InstanceSpec(id, runtime(), 128, false, null, directory));
            return new Probe(instance, id, server.accept());
        }
    }

    /// The value of a Python expression, as Python writes it.
    String ask(String expression) throws IOException {
        Channels.newOutputStream(connection).write((expression + '\n').getBytes(StandardCharsets.UTF_8));
        return answers.nextLine();
    }

    private static void drain(Path pipe) {
        try (var in = Files.newInputStream(pipe)) {
            in.transferTo(System.err);
        } catch (IOException _) {
            // The instance is gone.
        }
    }

    @Override
    public void close() throws IOException {
        connection.close();
        instance.destroy();
    }
}
