package io.nanogrid.gateway.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.deploy.Change;
import io.nanogrid.gateway.deploy.ChangeListener;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import redis.clients.jedis.Jedis;

@Execution(ExecutionMode.CONCURRENT)
final class RedisAnnouncerTest {

    private static final Object MAY_HAVE_MISSED = "may have missed";

    /// What a gateway hears, in order.
    private static final class Heard implements ChangeListener {
        final BlockingQueue<Object> all = new LinkedBlockingQueue<>();

        @Override
        public void changed(Change change) {
            all.add(change);
        }

        @Override
        public void mayHaveMissed() {
            all.add(MAY_HAVE_MISSED);
        }

        Object next() throws InterruptedException {
            Object next = all.poll(20, TimeUnit.SECONDS);
            return next == null ? "nothing" : next;
        }
    }

    private final Heard here = new Heard();
    private final Heard there = new Heard();
    private RedisServer server;
    private FaultProxy proxy;
    private Redis redis;
    private Redis redisThere;
    private RedisAnnouncer announcer;
    private RedisAnnouncer announcerThere;
    private AutoCloseable listening;
    private AutoCloseable listeningThere;

    @BeforeEach
    void start() throws Exception {
        server = RedisServer.start();
        proxy = new FaultProxy(server.port());
        redis = new Redis(server.address());
        redisThere = new Redis(new RedisAddress("127.0.0.1", proxy.port(), null, null, false));
        announcer = new RedisAnnouncer(redis, "here");
        listening = announcer.listen(here);
        announcerThere = new RedisAnnouncer(redisThere, "there");
        listeningThere = announcerThere.listen(there);
        assertThat(here.next()).isEqualTo(MAY_HAVE_MISSED);
        assertThat(there.next()).isEqualTo(MAY_HAVE_MISSED);
    }

    @AfterEach
    void stop() throws Exception {
        listening.close();
        listeningThere.close();
        redis.close();
        redisThere.close();
        proxy.close();
        server.close();
    }

    private void say(String line) {
        try (Jedis inspect = server.inspect()) {
            inspect.publish("changes", line);
        }
    }

    @Test
    void everyKindOfChangeReachesTheOtherGateway() throws Exception {
        announcer.announce(new Change.Callback(1001));
        announcer.announce(new Change.Function("3f2a-77"));
        announcer.announce(new Change.Keys());

        assertThat(there.next()).isEqualTo(new Change.Callback(1001));
        assertThat(there.next()).isEqualTo(new Change.Function("3f2a-77"));
        assertThat(there.next()).isEqualTo(new Change.Keys());
    }

    @Test
    void aGatewayIsNotToldWhatItAnnouncesItself() throws Exception {
        announcer.announce(new Change.Keys());
        announcerThere.announce(new Change.Callback(7));

        assertThat(here.next()).isEqualTo(new Change.Callback(7));
    }

    @Test
    void anAnnouncementInUnknownWordsMayHaveBeenOfAnything() throws Exception {
        for (String line : new String[]{"newer layers 7", "newer callback", "newer", "", "newer callback x"}) {
            say(line);
            assertThat(there.next()).as(line).isEqualTo(MAY_HAVE_MISSED);
        }
    }

    @Test
    void aListenerThatFailsHearsTheNextChangeAllTheSame() throws Exception {
        Heard heard = new Heard();
        ChangeListener failing = new ChangeListener() {
            @Override
            public void changed(Change change) {
                heard.changed(change);
                throw new IllegalStateException("This is a test of what fails.");
            }

            @Override
            public void mayHaveMissed() {
                heard.mayHaveMissed();
            }
        };
        try (AutoCloseable _ = new RedisAnnouncer(redis, "third").listen(failing)) {
            assertThat(heard.next()).isEqualTo(MAY_HAVE_MISSED);
            announcer.announce(new Change.Callback(1));
            announcer.announce(new Change.Callback(2));

            assertThat(heard.next()).isEqualTo(new Change.Callback(1));
            assertThat(heard.next()).isEqualTo(new Change.Callback(2));
        }
    }

    @Test
    void afterARestartOfRedisBothAreToldThatTheyMayHaveMissedSomething() throws Exception {
        server.kill();
        announcer.announce(new Change.Keys());
        server.restart();

        assertThat(here.next()).isEqualTo(MAY_HAVE_MISSED);
        assertThat(there.next()).isEqualTo(MAY_HAVE_MISSED);
        Awaitility.await().until(redis::healthy);
        Awaitility.await().until(() -> {
            announcer.announce(new Change.Callback(7));
            return !there.all.isEmpty();
        });
        assertThat(there.next()).isEqualTo(new Change.Callback(7));
    }

    /// Nothing breaks such a connection: that nothing comes is all there is to see.
    @Test
    void aConnectionThatHasSilentlyDiedIsReplaced() throws Exception {
        int before = proxy.accepted();
        proxy.hang();

        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> proxy.accepted() > before);

        proxy.heal();
        assertThat(there.next()).isEqualTo(MAY_HAVE_MISSED);
    }

    @Test
    void aConnectionOnWhichNothingHappensIsKept() {
        int before = proxy.accepted();

        Awaitility.await().pollDelay(Duration.ofSeconds(5))
                .untilAsserted(() -> assertThat(there.all).isEmpty());

        assertThat(proxy.accepted()).isEqualTo(before);
    }

    @Test
    void oneThatIsClosedHearsNothingMore() throws Exception {
        listeningThere.close();

        announcer.announce(new Change.Keys());

        try (Jedis inspect = server.inspect()) {
            assertThat(inspect.pubsubNumSub("changes").get("changes")).isEqualTo(1);
        }
        assertThat(there.all).isEmpty();
    }
}
