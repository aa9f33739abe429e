package io.nanogrid.gateway.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.BinaryJedisPubSub;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;

/// Listens to one channel over a connection of its own, and connects again whenever that breaks. Redis keeps no messages for those who are
/// away: a listener is told of each connection, and then looks for what it has missed.
///
/// One thread reads and calls the listener; a second one asks for a sign of life, as a connection that has silently died looks like one on which
/// nothing happens.
final class Subscription implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Subscription.class);
    private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(1);
    /// Without a sign for so long, the connection counts as broken.
    private static final Duration SILENCE = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofMillis(250);

    /// What is called for each connection and each message. An exception of its own ends neither.
    interface Listener {
        void connected();

        void message(byte[] message);
    }

    private final Redis redis;
    private final byte[] channel;
    private final Listener listener;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread reader;
    private final Thread prompter;
    private volatile @Nullable Reading reading;
    /// Only the reader uses it.
    private boolean lost;

    Subscription(Redis redis, String channel, Listener listener) {
        this.redis = redis;
        this.channel = Script.bytes(channel);
        this.listener = listener;
        reader = Thread.ofVirtual().name("redis " + channel).start(this::read);
        prompter = Thread.ofVirtual().name("redis ping " + channel).start(this::prompt);
    }

    private void read() {
        try {
            do {
                try (Jedis connection = redis.subscriber(SILENCE)) {
                    Reading current = new Reading();
                    reading = current;
                    connection.subscribe(current, channel);
                } catch (RuntimeException e) {
                    lost(e);
                }
            } while (!closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException _) {
            // Closed.
        }
    }

    private void lost(RuntimeException e) {
        if (!lost && closing.getCount() > 0) {
            lost = true;
            LOG.warn("Messages on {} don't arrive, as {} did not answer ({}). It is tried again every {} ms.",
                    new String(channel, UTF_8), redis, Redis.reason(e), PAUSE.toMillis());
        }
    }

    private void prompt() {
        try {
            while (!closing.await(SIGN_OF_LIFE.toMillis(), TimeUnit.MILLISECONDS)) {
                Reading current = reading;
                if (current != null && current.isSubscribed()) {
                    ping(current);
                }
            }
        } catch (InterruptedException _) {
            // Closed.
        }
    }

    private static void ping(Reading current) {
        try {
            current.ping();
        } catch (JedisException _) {
            // The reader sees the same.
        }
    }

    private final class Reading extends BinaryJedisPubSub {

        @Override
        public void onSubscribe(byte[] channel, int channels) {
            if (lost) {
                lost = false;
                LOG.info("Messages on {} arrive again.", new String(channel, UTF_8));
            }
            call(listener::connected);
        }

        @Override
        public void onMessage(byte[] channel, byte[] message) {
            call(() -> listener.message(message));
        }

        private void call(Runnable listening) {
            try {
                listening.run();
            } catch (RuntimeException e) {
                LOG.error("What listens to {} failed.", new String(channel, UTF_8), e);
            }
        }
    }

    /// Ends the connection; returns when nothing calls the listener any more.
    @Override
    public void close() {
        closing.countDown();
        reader.interrupt();
        prompter.interrupt();
        try {
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
