package io.nanogrid.gateway.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.dispatch.ResultBus;
import io.nanogrid.gateway.dispatch.ResultBus.Awaited;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;

final class RedisResultBusTest {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final byte[] RESULT = {'{', 0, '\n', (byte) 0xff, '}'};

    private RedisServer server;
    private FaultProxy proxy;
    private Redis gatewayRedis;
    private Redis workerRedis;
    private RedisResultBus gateway;
    private RedisResultBus worker;

    @BeforeEach
    void start() throws Exception {
        server = RedisServer.start();
        proxy = new FaultProxy(server.port());
        gatewayRedis = new Redis(new RedisAddress("127.0.0.1", proxy.port(), null, null, false));
        workerRedis = new Redis(server.address());
        gateway = new RedisResultBus(gatewayRedis, "g1");
        worker = new RedisResultBus(workerRedis, "w1");
        awaitListeners(1);
    }

    @AfterEach
    void stop() throws Exception {
        gateway.close();
        worker.close();
        gatewayRedis.close();
        workerRedis.close();
        proxy.close();
        server.close();
    }

    private void awaitListeners(long expected) {
        Awaitility.await().atMost(LONG).pollInterval(Duration.ofMillis(20)).ignoreExceptions().until(() -> {
            try (Jedis inspect = server.inspect()) {
                return Long.valueOf(expected).equals(inspect.pubsubNumSub("results:g1").get("results:g1"));
            }
        });
    }

    private boolean publish(String requestId, byte[] result) throws Exception {
        return worker.publish(requestId, "g1", result, LONG);
    }

    private static byte[] text(String text) {
        return text.getBytes(UTF_8);
    }

    @Test
    void aResultReachesTheGatewayThatWaitsForItByteByByte() throws Exception {
        try (Awaited awaited = gateway.await("r1")) {
            assertThat(publish("r1", RESULT)).isTrue();

            assertThat(awaited.result(LONG)).hasValueSatisfying(result -> assertThat(result).isEqualTo(RESULT));
        }
    }

    @Test
    void aResultArrivesWithoutWaitingForTheNextLook() throws Exception {
        List<Long> millis = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            try (Awaited awaited = gateway.await("r" + i)) {
                long started = System.nanoTime();
                publish("r" + i, RESULT);
                assertThat(awaited.result(LONG)).isPresent();
                millis.add((System.nanoTime() - started) / 1_000_000);
            }
        }

        assertThat(millis.stream().sorted().toList().get(10)).isLessThan(200);
    }

    @Test
    void aThousandResultsAtOnceEachReachTheOneWhoWaitsForIt() throws Exception {
        List<Future<String>> callers = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 1000; i++) {
                String id = "r" + i;
                callers.add(threads.submit(() -> {
                    try (Awaited awaited = gateway.await(id)) {
                        publish(id, text("of " + id));
                        return new String(awaited.result(LONG).orElseThrow(), UTF_8);
                    }
                }));
            }
        }

        for (int i = 0; i < 1000; i++) {
            assertThat(callers.get(i).get()).isEqualTo("of r" + i);
        }
        assertThat(gateway.waiting()).isZero();
    }

    @Test
    void theFirstResultWinsAndALateOneIsDropped() throws Exception {
        assertThat(publish("r1", text("first"))).isTrue();
        assertThat(publish("r1", text("second"))).isFalse();

        try (Awaited awaited = gateway.await("r1"); Jedis inspect = server.inspect()) {
            assertThat(awaited.result(LONG)).hasValue(text("first"));
            assertThat(inspect.ttl("result:r1")).isBetween(3590L, 3600L);
        }
    }

    @Test
    void ofManyWorkersAtOnceOneWins() throws Exception {
        List<Future<Boolean>> workers = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 50; i++) {
                byte[] result = text("of worker " + i);
                workers.add(threads.submit(() -> publish("r1", result)));
            }
        }

        int winners = 0;
        for (Future<Boolean> each : workers) {
            winners += each.get() ? 1 : 0;
        }
        assertThat(winners).isOne();
    }

    /// It may not know how its first attempt ended.
    @Test
    void whoPublishesTheSameResultAgainHasStillWon() throws Exception {
        publish("r1", RESULT);

        assertThat(publish("r1", RESULT)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"result:r1", "job:r1"})
    void withoutAGatewayToReplyToTheResultIsPublishedForItsRequest(String name) throws Exception {
        BlockingQueue<String> messages = new LinkedBlockingQueue<>();
        JedisPubSub listener = new JedisPubSub() {
            @Override
            public void onSubscribe(String channel, int channels) {
                messages.add("subscribed");
            }

            @Override
            public void onMessage(String channel, String message) {
                messages.add(message);
                unsubscribe();
            }
        };
        try (Jedis subscriber = server.inspect()) {
            CompletableFuture<Void> listening = CompletableFuture.runAsync(
                    () -> subscriber.subscribe(listener, name));
            assertThat(messages.take()).isEqualTo("subscribed");

            worker.publish("r1", null, text("{}"), LONG);

            assertThat(messages.take()).isEqualTo("{}");
            listening.join();
        }
    }

    @Test
    void theResultOfAJobIsKeptWhereItsSenderLooksForIt() throws Exception {
        assertThat(worker.publish("r1", null, text("first"), LONG)).isTrue();
        assertThat(worker.publish("r1", null, text("second"), LONG)).isFalse();

        try (Jedis inspect = server.inspect()) {
            assertThat(inspect.get("job:r1")).isEqualTo("first");
            assertThat(inspect.ttl("job:r1")).isBetween(3590L, 3600L);
        }
    }

    @Test
    void theResultOfACallIsNoJobs() throws Exception {
        publish("r1", RESULT);

        try (Jedis inspect = server.inspect()) {
            assertThat(inspect.keys("*")).containsExactly("result:r1");
        }
    }

    /// As one that was published for nobody in particular.
    @Test
    void aResultThatIsNotAnnouncedIsFoundWhereItIsKept() throws Exception {
        try (Awaited awaited = gateway.await("r1")) {
            worker.publish("r1", null, RESULT, LONG);

            assertThat(awaited.result(LONG)).hasValue(RESULT);
        }
    }

    @Test
    void aResultThatCameWhileTheGatewayWasCutOffIsFoundWhenItIsBack() throws Exception {
        try (Awaited awaited = gateway.await("r1")) {
            proxy.cut();
            publish("r1", RESULT);
            assertThat(awaited.result(Duration.ofMillis(1500))).isEmpty();

            proxy.heal();

            assertThat(awaited.result(LONG)).hasValue(RESULT);
        }
    }

    @Test
    void whoWaitsIsToldInTimeThatThereIsNothingWhileRedisHangs() throws Exception {
        proxy.hang();
        try (Awaited awaited = gateway.await("r1")) {
            long started = System.nanoTime();

            Optional<byte[]> result = awaited.result(Duration.ofMillis(300));

            assertThat(result).isEmpty();
            assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofMillis(900));
        }
    }

    @Test
    void aResultThatCameWhileRedisHungArrivesWhenItIsBack() throws Exception {
        try (Awaited awaited = gateway.await("r1")) {
            proxy.hang();
            publish("r1", RESULT);
            assertThat(awaited.result(Duration.ofMillis(1500))).isEmpty();

            proxy.heal();

            assertThat(awaited.result(LONG)).hasValue(RESULT);
        }
    }

    @Test
    void aResultFindsItsWayThroughARedisThatIsKilledAndStartedAgain() throws Exception {
        try (Awaited awaited = gateway.await("r1")) {
            server.kill();
            CompletableFuture<Boolean> published = CompletableFuture.supplyAsync(() -> {
                try {
                    return publish("r1", RESULT);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(awaited.result(Duration.ofMillis(500))).isEmpty();
            assertThat(published).isNotDone();

            server.restart();

            assertThat(published.get()).isTrue();
            assertThat(awaited.result(LONG)).hasValue(RESULT);
        }
        awaitListeners(1);
    }

    @Test
    void whoCannotHandOverAResultIsToldSoWhenPatienceRunsOut() throws Exception {
        server.kill();

        assertThatThrownBy(() -> worker.publish("r1", "g1", RESULT, Duration.ofSeconds(1)))
                .isInstanceOf(ResultBus.Unreachable.class).hasMessageContaining("r1")
                .hasMessageContaining("Redis at 127.0.0.1:" + server.port());
    }

    @Test
    void whoIsInterruptedStopsHandingOver() throws Exception {
        server.kill();
        CompletableFuture<Throwable> ended = new CompletableFuture<>();
        Thread publisher = Thread.ofVirtual().start(() -> {
            try {
                publish("r1", RESULT);
            } catch (Exception e) {
                ended.complete(e);
            }
        });

        publisher.interrupt();

        assertThat(ended.get()).isInstanceOf(InterruptedException.class);
    }

    @Test
    void aCancelledRequestIsKnownToWorkersForAnHour() {
        gateway.cancel("r1");

        assertThat(worker.over("r1")).isTrue();
        assertThat(worker.over("r2")).isFalse();
        try (Jedis inspect = server.inspect()) {
            assertThat(inspect.ttl("cancel:r1")).isBetween(3590L, 3600L);
        }
    }

    @Test
    void aRequestThatHasItsResultIsOver() throws Exception {
        publish("r1", RESULT);

        assertThat(worker.over("r1")).isTrue();
    }

    @Test
    void withoutRedisNothingIsCancelledAndNobodyFails() throws Exception {
        gateway.cancel("r1");
        server.kill();

        gateway.cancel("r2");

        assertThat(worker.over("r1")).isFalse();
    }

    @Test
    void whoNoLongerWaitsIsForgotten() throws Exception {
        for (int i = 0; i < 100; i++) {
            try (Awaited awaited = gateway.await("r" + i)) {
                assertThat(awaited.result(Duration.ZERO)).isEmpty();
            }
        }

        assertThat(gateway.waiting()).isZero();
    }

    @Test
    void twoCannotWaitForOneRequest() {
        try (Awaited first = gateway.await("r1")) {
            assertThatThrownBy(() -> gateway.await("r1")).isInstanceOf(IllegalStateException.class);
            assertThat(first).isNotNull();
        }
        gateway.await("r1").close();
    }
}
