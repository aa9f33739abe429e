package io.nanogrid.gateway.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.limits.RateLimitStore.Decision;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

/// What becomes of callers when Redis fails.
final class RedisTest {

    /// About a second, and what a busy machine adds.
    private static final Duration BOUND = Duration.ofMillis(1800);
    private static final Duration WINDOW = Duration.ofSeconds(60);

    private RedisServer server;
    private FaultProxy proxy;
    private Redis redis;

    @BeforeEach
    void start() throws Exception {
        server = RedisServer.start();
        proxy = new FaultProxy(server.port());
        redis = new Redis(new RedisAddress("127.0.0.1", proxy.port(), null, null, false));
    }

    @AfterEach
    void stop() throws Exception {
        redis.close();
        proxy.close();
        server.close();
    }

    private String ping() {
        return redis.call(client -> client.ping());
    }

    private static Duration took(Callable<?> call) throws Exception {
        long started = System.nanoTime();
        call.call();
        return Duration.ofNanos(System.nanoTime() - started);
    }

    private boolean fails() {
        try {
            ping();
            return false;
        } catch (RedisUnavailable _) {
            return true;
        }
    }

    private void awaitAnswers() {
        Awaitility.await().until(() -> !fails());
    }

    private Decision count(boolean limitless) {
        return new RedisRateLimitStore(redis, limitless).count("scope", "client", 5, WINDOW);
    }

    @Test
    void aHungRedisHoldsACallerOnAnOldConnectionForAboutASecond() throws Exception {
        ping();
        proxy.hang();

        assertThat(took(this::fails)).isBetween(Duration.ofMillis(700), BOUND);
    }

    @Test
    void aHungRedisHoldsACallerOnANewConnectionForAboutASecond() throws Exception {
        proxy.hang();

        assertThat(took(this::fails)).isBetween(Duration.ofMillis(700), BOUND);
    }

    /// Its queue of new connections is full, so that the machine leaves them without an answer.
    @Test
    void aMachineThatDoesNotAnswerAtAllHoldsACallerForAboutASecond() throws Exception {
        List<SocketChannel> queued = new ArrayList<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Redis away = new Redis(new RedisAddress("127.0.0.1", full.getLocalPort(), null, null, false))) {
            for (int i = 0; i < 10; i++) {
                SocketChannel channel = SocketChannel.open();
                queued.add(channel);
                channel.configureBlocking(false);
                channel.connect(full.getLocalSocketAddress());
            }

            Duration took = took(() -> assertThatThrownBy(() -> away.call(client -> client.ping()))
                    .isInstanceOf(RedisUnavailable.class).hasMessageContaining("timed out"));

            assertThat(took).isBetween(Duration.ofMillis(700), BOUND);
        } finally {
            for (SocketChannel channel : queued) {
                channel.close();
            }
        }
    }

    @Test
    void aHungRedisHoldsACrowdForNoLongerThanOne() throws Exception {
        ping();
        proxy.hang();
        List<Future<Boolean>> callers = new ArrayList<>();

        Duration took = took(() -> {
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < 500; i++) {
                    callers.add(threads.submit(this::fails));
                }
            }
            return callers;
        });

        for (Future<Boolean> caller : callers) {
            assertThat(caller.get()).isTrue();
        }
        assertThat(took).isLessThan(BOUND.plusSeconds(1));
    }

    @Test
    void whileRedisHangsMostCallsTakeNoTime() throws Exception {
        proxy.hang();
        fails();

        List<Duration> times = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            times.add(took(this::fails));
        }

        assertThat(times.stream().sorted().toList().get(95)).isLessThan(Duration.ofMillis(50));
    }

    @Test
    void whenRedisAnswersAgainCallersGetThrough() {
        ping();
        proxy.hang();
        assertThat(fails()).isTrue();

        proxy.heal();

        awaitAnswers();
    }

    @Test
    void aCutConnectionIsReplacedWithoutAWordToTheCaller() {
        ping();
        proxy.cut();
        proxy.heal();

        assertThat(ping()).isEqualTo("PONG");
    }

    @Test
    void withoutRedisACallerIsToldWhichRedisItIs() throws Exception {
        server.kill();

        assertThatThrownBy(this::ping).isInstanceOf(RedisUnavailable.class)
                .hasMessageContaining("Redis at 127.0.0.1:" + proxy.port());
    }

    @Test
    void aCommandThatRedisRefusesDoesNotKeepOthersFromAsking() {
        redis.call(client -> client.set("text", "no number"));

        assertThatThrownBy(() -> redis.call(client -> client.incr("text"))).isInstanceOf(RedisUnavailable.class);

        assertThat(ping()).isEqualTo("PONG");
    }

    @Test
    void aCallerWhoIsInterruptedStopsWaitingAndKeepsNobodyElseFromAsking() throws Exception {
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread caller = Thread.ofVirtual().start(() -> {
            try {
                redis.call(client -> client.blpop(0.7, "nothing"));
                interrupted.complete(false);
            } catch (RedisUnavailable _) {
                interrupted.complete(Thread.currentThread().isInterrupted());
            }
        });
        try (Jedis inspect = server.inspect()) {
            Awaitility.await().until(() -> inspect.info("clients").contains("blocked_clients:1"));
        }

        caller.interrupt();

        assertThat(interrupted.get()).isTrue();
        assertThat(ping()).isEqualTo("PONG");
    }

    @Test
    void callsAreAllowedWithoutRedisWhereThatIsConfigured() throws Exception {
        server.kill();

        for (int i = 0; i < 10; i++) {
            assertThat(count(true)).isEqualTo(new Decision(true, 4, WINDOW));
        }
    }

    @Test
    void callsAreRefusedWithoutRedisWhereThatIsConfigured() throws Exception {
        server.kill();

        assertThat(count(false)).isEqualTo(new Decision(false, 0, Duration.ofSeconds(1)));
    }

    @Test
    void callsAreCountedAgainWhenRedisIsBack() throws Exception {
        server.kill();
        count(true);
        server.restart();
        awaitAnswers();

        assertThat(count(true).remaining()).isEqualTo(4);
        assertThat(count(true).remaining()).isEqualTo(3);
    }

    @Test
    void redisIsHealthyWhileItAnswersAndNoLonger() throws Exception {
        assertThat(redis.healthy()).isTrue();
        server.kill();
        assertThat(redis.healthy()).isFalse();
        server.restart();
        assertThat(redis.healthy()).isTrue();
    }

    @Test
    void theLookAtTheHealthOfAHungRedisIsOverInASecond() throws Exception {
        proxy.hang();

        assertThat(took(redis::healthy)).isLessThan(BOUND);
        assertThat(redis.healthy()).isFalse();
    }

    @Test
    void redisIsSpokenToWithThePasswordThatIsGiven() throws Exception {
        try (RedisServer locked = RedisServer.start("--requirepass", "s3cret");
                Redis right = new Redis(new RedisAddress("127.0.0.1", locked.port(), null, "s3cret", false));
                Redis wrong = new Redis(new RedisAddress("127.0.0.1", locked.port(), null, "guess", false))) {
            assertThat(right.<String>call(client -> client.ping())).isEqualTo("PONG");
            assertThat(right.healthy()).isTrue();
            assertThat(wrong.healthy()).isFalse();
            assertThatThrownBy(() -> wrong.call(client -> client.ping())).isInstanceOf(RedisUnavailable.class)
                    .hasMessageContaining("WRONGPASS").hasMessageNotContaining("guess");
        }
    }

    @Test
    void anAddressDoesNotShowItsPassword() {
        assertThat(new RedisAddress("redis.internal", 6379, "gateway", "s3cret", true))
                .hasToString("redis.internal:6379");
    }
}
