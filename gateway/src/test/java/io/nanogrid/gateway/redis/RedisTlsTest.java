package io.nanogrid.gateway.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RedisTlsTest {

    private static final String PASSWORD = "changeit";

    @TempDir
    private Path directory;
    private Path store;
    private RedisServer server;
    private int tlsPort;

    /// Run in a process of its own, whose JVM trusts the certificate: says whether Redis is healthy.
    static final class Probe {
        private Probe() {
        }

        public static void main(String[] args) {
            try (Redis redis = new Redis(new RedisAddress(args[0], Integer.parseInt(args[1]), null, null, true))) {
                System.out.println(redis.healthy() && redis.call(client -> client.ping()).equals("PONG"));
            }
        }
    }

    @BeforeEach
    void start() throws Exception {
        store = directory.resolve("store.p12");
        run(java("keytool"), "-genkeypair", "-alias", "redis", "-keyalg", "EC", "-dname", "CN=redis", "-ext",
                "san=ip:127.0.0.1", "-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", PASSWORD);
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        Path certificate = pem("CERTIFICATE", keys.getCertificate("redis").getEncoded());
        Path key = pem("PRIVATE KEY", keys.getKey("redis", PASSWORD.toCharArray()).getEncoded());
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            tlsPort = socket.getLocalPort();
        }
        server = RedisServer.start("--tls-port", String.valueOf(tlsPort), "--tls-cert-file", certificate.toString(),
                "--bind", "127.0.0.1", "127.0.0.2", "--tls-key-file", key.toString(), "--tls-ca-cert-file",
                certificate.toString(), "--tls-auth-clients",
                "no");
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    private Path pem(String kind, byte[] content) throws IOException {
        return Files.writeString(directory.resolve(kind.replace(' ', '-')), "-----BEGIN " + kind + "-----\n"
                + Base64.getMimeEncoder().encodeToString(content) + "\n-----END " + kind + "-----\n");
    }

    private static String java(String tool) {
        return Path.of(System.getProperty("java.home"), "bin", tool).toString();
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return output.strip();
    }

    private String probe(String host) throws Exception {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return run(java("java"), "-Djavax.net.ssl.trustStore=" + store,
                "-Djavax.net.ssl.trustStorePassword=" + PASSWORD,
                "-cp", classPath, Probe.class.getName(), host, String.valueOf(tlsPort));
    }

    /// The certificate is for 127.0.0.1 alone.
    @Test
    void redisIsSpokenToOverTlsUnderTheNameOfItsCertificate() throws Exception {
        assertThat(probe("127.0.0.1")).isEqualTo("true");
        new Socket("127.0.0.2", tlsPort).close();
        assertThat(probe("127.0.0.2")).isEqualTo("false");
    }

    @Test
    void aRedisWhoseCertificateNobodyVouchesForIsNotSpokenTo() {
        try (Redis redis = new Redis(new RedisAddress("127.0.0.1", tlsPort, null, null, true))) {
            assertThat(redis.healthy()).isFalse();
        }
    }
}
