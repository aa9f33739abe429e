package io.nanogrid.gateway.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntFunction;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/// A real server in a process of its own, on one port of loopback for all its life: it can be killed, frozen and started again there. It
/// keeps what it has in memory, and never outlives this JVM, however that ends.
public final class LocalServer implements AutoCloseable {

    /// Ends the server when this JVM closes the pipe, which the kernel does for a JVM that is killed.
    private static final String GUARD = """
            log=$1; shift
            "$@" </dev/null >"$log" 2>&1 &
            echo $!; cat >/dev/null; kill -9 $!; wait
            """;
    private static final String GET = "GET / HTTP/1.0\r\n\r\n";
    /// Its first request takes seconds, and shouldn't be a test's.
    private static final String LIST_TABLES = """
            POST / HTTP/1.0\r
            Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r
            X-Amz-Target: DynamoDB_20120810.ListTables\r
            Content-Type: application/x-amz-json-1.0\r
            Content-Length: 2\r
            \r
            {}""";
    private static final Duration START = Duration.ofSeconds(60);
    private static final int FIRST_PORT = 20_000;
    private static final int FIRST_EPHEMERAL_PORT = 32_768;
    private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

    private final String name;
    private final String probe;
    private final int port;
    private final IntFunction<List<String>> command;
    private final Path log;
    private @Nullable Process guard;
    private long pid;

    /// @param probe a request that is answered once it is ready for others
    private LocalServer(String name, String probe, IntFunction<List<String>> command) {
        this.name = name;
        this.probe = probe;
        this.command = command;
        try {
            this.port = freePort();
            this.log = Files.createTempFile("nanogrid-" + name + "-", ".log");
            log.toFile().deleteOnExit();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static LocalServer dynamoDb() {
        Path lib = jars("dynamodb");
        return new LocalServer("dynamodb", LIST_TABLES, port -> java(lib, "-Dsqlite4java.library.path=" + lib,
                "com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-inMemory", "-disableTelemetry", "-port",
                String.valueOf(port)));
    }

    public static LocalServer sqs() {
        Path lib = jars("elasticmq");
        return new LocalServer("elasticmq", "GET /?Action=ListQueues HTTP/1.0\r\n\r\n", port -> java(lib,
                lib.resolveSibling("../ElasticMq.java").normalize().toString(), "127.0.0.1", String.valueOf(port)));
    }

    public static LocalServer s3() {
        Path lib = jars("s3");
        return new LocalServer("s3", GET,
                port -> java(lib, "-Dlogback.configurationFile=" + lib.resolveSibling("../logback.xml").normalize(),
                        "org.gaul.s3proxy.Main", "--properties", s3Properties(port).toString()));
    }

    public static LocalServer redis(String... options) {
        return new LocalServer("redis", GET, port -> {
            List<String> all = new ArrayList<>(List.of("redis-server", "--port", String.valueOf(port), "--bind",
                    "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"));
            all.addAll(List.of(options));
            return all;
        });
    }

    private static Path s3Properties(int port) {
        try {
            Path file = Files.createTempFile("nanogrid-s3-", ".properties");
            file.toFile().deleteOnExit();
            return Files.writeString(file, "s3proxy.endpoint=http://127.0.0.1:" + port + """

                    s3proxy.authorization=none
                    jclouds.provider=transient-nio2
                    jclouds.identity=
                    jclouds.credential=
                    """);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path jars(String server) {
        Path lib = LocalCloud.SERVERS.resolve(server).resolve("target/lib");
        if (!Files.isDirectory(lib)) {
            throw new IllegalStateException("the jars of the local server aren't at " + lib
                    + ": fetch them with ./mvnw -f infra/local process-resources");
        }
        return lib;
    }

    private static List<String> java(Path lib, String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1", "-Xmx512m", "--enable-native-access=ALL-UNNAMED", "-cp",
                        lib + "/*"));
        command.addAll(List.of(arguments));
        return command;
    }

    /// A port for a process that is yet to start: one of those that the kernel gives to nobody by itself, so that it stays free. No test of this JVM
    /// gets one twice.
    public static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(FIRST_PORT, FIRST_EPHEMERAL_PORT);
            if (!GIVEN.add(port)) {
                continue;
            }
            try (ServerSocket _ = new ServerSocket(port)) {
                return port;
            } catch (IOException e) {
                // Taken: another will do.
            }
        }
    }

    /// Returns when it answers. Also starts it again after a kill, with nothing in it; one that runs is left alone.
    public synchronized LocalServer start() {
        if (guard != null) {
            return this;
        }
        try {
            List<String> whole = new ArrayList<>(List.of("sh", "-c", GUARD, name, log.toString()));
            whole.addAll(command.apply(port));
            ProcessBuilder builder = new ProcessBuilder(whole).redirectError(ProcessBuilder.Redirect.DISCARD);
            Process process = builder.start();
            guard = process;
            pid = Long.parseLong(process.inputReader().readLine().strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Awaitility.await(name).atMost(START).pollInterval(Duration.ofMillis(50)).until(() -> {
            if (ProcessHandle.of(pid).isEmpty()) {
                throw new IllegalStateException(name + " has ended: " + Files.readString(log));
            }
            return answers();
        });
        return this;
    }

    private boolean answers() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write(probe.getBytes(StandardCharsets.US_ASCII));
            return socket.getInputStream().read() >= 0;
        } catch (IOException e) {
            return false;
        }
    }

    public int port() {
        return port;
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + port);
    }

    /// As `kill -9` does; returns when it is gone.
    public synchronized void kill() {
        Process process = guard;
        if (process == null) {
            return;
        }
        guard = null;
        try {
            process.getOutputStream().close();
            process.waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// It keeps its connections and answers nothing, until it is thawed.
    public void freeze() {
        signal("STOP");
    }

    public void thaw() {
        signal("CONT");
    }

    private void signal(String signal) {
        try {
            new ProcessBuilder("kill", "-" + signal, String.valueOf(pid)).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        kill();
    }
}
