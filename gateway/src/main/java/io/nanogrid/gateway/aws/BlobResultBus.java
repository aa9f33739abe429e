package io.nanogrid.gateway.aws;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.dispatch.ResultBus;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A bus that carries results of any length: what is long lies elsewhere, and its name goes over the bus. Safe for use by many threads.
public final class BlobResultBus implements ResultBus {

    private static final Logger LOG = LoggerFactory.getLogger(BlobResultBus.class);
    private static final int LONGEST = 1 << 20;
    /// No result begins like this: each is a JSON object with other members.
    private static final byte[] MARK = "{\"blob\":\"".getBytes(US_ASCII);
    private static final byte[] END = "\"}".getBytes(US_ASCII);
    private static final Duration AGAIN = Duration.ofMillis(500);

    private final ResultBus bus;
    private final Blobs blobs;

    public BlobResultBus(ResultBus bus, Blobs blobs) {
        this.bus = bus;
        this.blobs = blobs;
    }

    /// The name says what is in it, so that the same result published twice is one, and another result isn't.
    @Override
    public boolean publish(String requestId, @Nullable String replyTo, byte[] result, Duration patience)
            throws Unreachable, InterruptedException {
        if (result.length <= LONGEST) {
            return bus.publish(requestId, replyTo, result, patience);
        }
        long deadline = System.nanoTime() + patience.toNanos();
        String key = "results/" + requestId + "-" + HexFormat.of().formatHex(CodeBundle.sha256().digest(result));
        put(key, result, deadline);
        byte[] name = ("{\"blob\":\"" + key + "\"}").getBytes(US_ASCII);
        return bus.publish(requestId, replyTo, name, Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
    }

    private void put(String key, byte[] result, long deadline) throws Unreachable, InterruptedException {
        while (true) {
            try {
                blobs.put(key, result);
                return;
            } catch (IOException e) {
                if (AwsClients.interrupted(e)) {
                    throw new InterruptedException();
                }
                if (deadline - System.nanoTime() <= AGAIN.toNanos()) {
                    throw new Unreachable("A long result can't be stored: " + e.getMessage(), e);
                }
                TimeUnit.NANOSECONDS.sleep(AGAIN.toNanos());
            }
        }
    }

    @Override
    public Awaited await(String requestId) {
        return new Fetched(bus.await(requestId));
    }

    private final class Fetched implements Awaited {
        private final Awaited awaited;

        Fetched(Awaited awaited) {
            this.awaited = awaited;
        }

        @Override
        public Optional<byte[]> result(Duration timeout) throws InterruptedException {
            long deadline = System.nanoTime() + timeout.toNanos();
            byte[] result = awaited.result(timeout).orElse(null);
            String key = result == null ? null : key(result);
            return key == null ? Optional.ofNullable(result) : fetch(key, deadline);
        }

        @Override
        public void close() {
            awaited.close();
        }
    }

    private static @Nullable String key(byte[] result) {
        return result.length > MARK.length + END.length && Arrays.equals(result, 0, MARK.length, MARK, 0, MARK.length)
                ? new String(result, MARK.length, result.length - MARK.length - END.length, US_ASCII)
                : null;
    }

    private Optional<byte[]> fetch(String key, long deadline) throws InterruptedException {
        while (true) {
            try {
                return Optional.of(blobs.get(key));
            } catch (NoSuchFileException e) {
                LOG.error("A long result is gone before it was read", e);
                return Optional.empty();
            } catch (IOException e) {
                if (AwsClients.interrupted(e)) {
                    throw new InterruptedException();
                }
                LOG.warn("A long result can't be read yet: {}", e.getMessage());
                if (deadline - System.nanoTime() <= AGAIN.toNanos()) {
                    return Optional.empty();
                }
                TimeUnit.NANOSECONDS.sleep(AGAIN.toNanos());
            }
        }
    }

    @Override
    public void cancel(String requestId) {
        bus.cancel(requestId);
    }

    @Override
    public boolean over(String requestId) {
        return bus.over(requestId);
    }
}
