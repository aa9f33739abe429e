package io.nanogrid.gateway.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.limits.RateLimitStore;
import io.nanogrid.gateway.limits.RateLimitStore.Decision;
import io.nanogrid.gateway.limits.RateLimitStoreContract;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

final class RedisRateLimitStoreTest extends RateLimitStoreContract {

    private static final Duration WINDOW = Duration.ofSeconds(60);

    private static RedisServer server;

    private Redis redis;
    private RedisRateLimitStore store;

    @BeforeAll
    static void start() throws Exception {
        server = RedisServer.start();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void connect() {
        try (Jedis inspect = server.inspect()) {
            inspect.flushAll();
        }
        redis = new Redis(server.address());
        store = new RedisRateLimitStore(redis, false);
    }

    @AfterEach
    void disconnect() {
        redis.close();
    }

    @Override
    protected RateLimitStore store() {
        return store;
    }

    /// Redis has a clock that nobody moves: what it keeps is to end that much earlier instead.
    @Override
    protected void pass(Duration time) {
        try (Jedis inspect = server.inspect()) {
            for (String key : inspect.keys("*")) {
                inspect.pexpire(key, inspect.pttl(key) - time.toMillis());
            }
        }
    }

    private static Decision count(RateLimitStore store, String client, int limit) {
        return store.count("scope", client, limit, WINDOW);
    }

    @RepeatedTest(5)
    void aThousandCallsAtOnceOverTwoGatewaysAreAllowedExactlyAsOftenAsTheLimit() throws Exception {
        List<Future<Decision>> calls = new ArrayList<>();
        CyclicBarrier go = new CyclicBarrier(1000);
        try (Redis another = new Redis(server.address());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<RateLimitStore> gateways = List.of(store, new RedisRateLimitStore(another, false));
            for (int i = 0; i < 1000; i++) {
                RateLimitStore gateway = gateways.get(i % 2);
                calls.add(threads.submit(() -> {
                    go.await();
                    return count(gateway, "crowd", 337);
                }));
            }
        }

        List<Integer> remaining = new ArrayList<>();
        for (Future<Decision> call : calls) {
            if (call.get().allowed()) {
                remaining.add(call.get().remaining());
            }
        }
        assertThat(remaining).containsExactlyInAnyOrderElementsOf(IntStream.range(0, 337).boxed().toList());
    }

    @Test
    void aClientWhoseNameLooksLikeAnotherScopesIsCountedApart() {
        store.count("callback:1", "2:x", 1, WINDOW);

        assertThat(store.count("callback:1:2", "x", 1, WINDOW).allowed()).isTrue();
    }

    @Test
    void aWindowThatHasEndedTakesUpNoMemory() {
        count(store, "a", 1);
        pass(WINDOW);

        try (Jedis inspect = server.inspect()) {
            assertThat(inspect.keys("*")).isEmpty();
        }
    }

    @Test
    void whereRedisHasForgottenTheScriptTheCallIsCountedAllTheSame() {
        count(store, "a", 3);
        try (Jedis inspect = server.inspect()) {
            inspect.scriptFlush();
        }

        assertThat(count(store, "a", 3)).extracting(Decision::allowed, Decision::remaining).containsExactly(true, 1);
    }

    @Test
    void afterARestartOfRedisTheFirstCallOfEachConnectionIsCounted() throws Exception {
        useSeveralConnections();
        server.kill();
        server.restart();

        assertThat(IntStream.range(0, 10).mapToObj(_ -> count(store, "a", 100).remaining()).toList())
                .containsExactlyElementsOf(IntStream.range(0, 10).mapToObj(i -> 99 - i).toList());
    }

    private void useSeveralConnections() throws Exception {
        CyclicBarrier go = new CyclicBarrier(8);
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (int i = 0; i < 8; i++) {
                threads.submit(() -> {
                    go.await();
                    return redis.call(client -> client.blpop(0.2, "nothing"));
                });
            }
        }
    }
}
