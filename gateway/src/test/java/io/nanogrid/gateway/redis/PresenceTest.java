package io.nanogrid.gateway.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.redis.Workers.Live;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import redis.clients.jedis.Jedis;

@Execution(ExecutionMode.CONCURRENT)
final class PresenceTest {

    private RedisServer server;
    private Redis redis;
    private Workers workers;

    @BeforeEach
    void start() throws Exception {
        server = RedisServer.start();
        redis = new Redis(server.address());
        workers = new Workers(redis);
    }

    @AfterEach
    void stop() throws Exception {
        redis.close();
        server.close();
    }

    private void awaitLive(int expected, int capacity) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(50))
                .untilAsserted(() -> assertThat(workers.live()).hasValue(new Live(expected, capacity)));
    }

    @Test
    void withoutWorkersThereAreNone() {
        assertThat(workers.live()).hasValue(new Live(0, 0));
    }

    @Test
    void workersAreCountedWithWhatTheyCanRunAtOnce() {
        try (Presence first = new Presence(redis, "w1", () -> 4);
                Presence second = new Presence(redis, "w2", () -> 3)) {
            awaitLive(2, 7);
            assertThat(first).isNotSameAs(second);
        }
    }

    @Test
    void oneThatLeavesIsNoLongerCounted() {
        new Presence(redis, "w2", () -> 3).close();
        try (Presence first = new Presence(redis, "w1", () -> 4)) {
            awaitLive(1, 4);
            assertThat(first).isNotNull();
        }
        assertThat(workers.live()).hasValue(new Live(0, 0));
    }

    /// The list itself still has it, until another worker clears it.
    @Test
    void oneThatNoLongerSaysSoIsNotCountedOnceItsTimeIsOver() {
        try (Jedis inspect = server.inspect()) {
            try (Presence worker = new Presence(redis, "w1", () -> 4)) {
                awaitLive(1, 4);
                assertThat(inspect.pttl("worker:w1")).isBetween(9_000L, 15_000L);
                assertThat(worker).isNotNull();
            }
            inspect.zadd("workers", 1, "killed long ago");
            inspect.zadd("workers", Instant.now().getEpochSecond() + 10, "killed just now");

            assertThat(workers.live()).hasValue(new Live(0, 0));
        }
    }

    @Test
    void theListForgetsWhoHasLongBeenGone() {
        try (Jedis inspect = server.inspect(); Presence worker = new Presence(redis, "w1", () -> 4)) {
            inspect.zadd("workers", 1, "killed long ago");

            Awaitility.await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() -> assertThat(inspect.zrange("workers", 0, -1)).containsExactly("w1"));
            assertThat(worker).isNotNull();
        }
    }

    @Test
    void whatItCanRunIsSaidAnewEachTime() {
        AtomicInteger capacity = new AtomicInteger(4);
        try (Presence worker = new Presence(redis, "w1", capacity::get)) {
            awaitLive(1, 4);
            capacity.set(2);

            awaitLive(1, 2);
            assertThat(worker).isNotNull();
        }
    }

    @Test
    void aWorkerIsBackOnTheListSoonAfterRedisHasLostIt() throws Exception {
        try (Presence worker = new Presence(redis, "w1", () -> 4)) {
            awaitLive(1, 4);
            server.kill();
            server.restart();

            awaitLive(1, 4);
            assertThat(worker).isNotNull();
        }
    }

    @Test
    void withoutRedisNobodyKnowsAndAWorkerStillCloses() throws Exception {
        Presence worker = new Presence(redis, "w1", () -> 4);
        server.kill();

        assertThat(workers.live()).isEqualTo(Optional.empty());
        worker.close();
    }
}
