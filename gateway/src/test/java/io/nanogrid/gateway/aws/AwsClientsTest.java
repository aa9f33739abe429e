package io.nanogrid.gateway.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;

class AwsClientsTest {

    private final LocalCloud cloud = LocalCloud.with(Service.DYNAMODB);
    private final FaultProxy proxy = FaultProxy.to(cloud.server(Service.DYNAMODB));
    private final AwsClients clients = new AwsClients(
            cloud.config("AWS_ENDPOINT_URL_DYNAMODB", proxy.uri().toString()));

    @AfterEach
    void close() {
        clients.close();
        proxy.close();
        cloud.close();
    }

    @Test
    void aServiceThatNeverAnswersIsGivenUpInSeconds() {
        proxy.hang();
        Instant before = Instant.now();
        assertThatThrownBy(() -> clients.dynamoDb().listTables()).isInstanceOf(SdkClientException.class);
        assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void aServiceThatResetsConnectionsIsAskedAgainAndThenGivenUp() {
        proxy.cut();
        assertThatThrownBy(() -> clients.dynamoDb().listTables()).isInstanceOf(SdkClientException.class);
        assertThat(proxy.accepted()).as("three attempts, of which the JDK may repeat each").isBetween(3, 6);
    }

    @Test
    void connectionsThatTheServerHasDroppedCostTheNextCallNothing() {
        clients.dynamoDb().listTables();
        proxy.cut();
        proxy.heal();
        assertThat(clients.dynamoDb().listTables().tableNames()).isNotNull();
    }

    /// The JDK reads how many to keep once in a process's life.
    @Test
    void manyConnectionsAreKeptForTheNextCalls() throws Exception {
        proxy.slow(Duration.ofMillis(100));
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                classPath, Caller.class.getName(), proxy.uri().toString()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(proxy.accepted()).isBetween(20, 30);
    }

    /// Makes 20 calls together, and 20 more.
    static final class Caller {

        private Caller() {
        }

        public static void main(String[] arguments) throws Exception {
            try (LocalCloud cloud = LocalCloud.with();
                    AwsClients clients = new AwsClients(cloud.config("AWS_ENDPOINT_URL_DYNAMODB", arguments[0]))) {
                for (int round = 0; round < 2; round++) {
                    callTogether(clients, 20);
                }
            }
        }

        private static void callTogether(AwsClients clients, int calls) throws Exception {
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<?>> all = new ArrayList<>();
                for (int i = 0; i < calls; i++) {
                    all.add(threads.submit(() -> clients.dynamoDb().listTables()));
                }
                for (Future<?> one : all) {
                    one.get();
                }
            }
        }
    }
}
