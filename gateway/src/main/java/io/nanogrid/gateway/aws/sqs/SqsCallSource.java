package io.nanogrid.gateway.aws.sqs;

import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.Blobs;
import io.nanogrid.gateway.dispatch.CallSource;
import io.nanogrid.gateway.dispatch.MalformedMessage;
import io.nanogrid.gateway.dispatch.RemoteCall;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Calls out of the queue that [SqsCalls] fills. Safe for use by many threads.
public final class SqsCallSource implements CallSource {

    private static final Logger LOG = LoggerFactory.getLogger(SqsCallSource.class);
    /// Somebody waits, so it mustn't be long until another worker has what a dead one had.
    private static final Duration INVISIBLE = Duration.ofSeconds(15);

    private final AwsClients clients;
    private final SqsAddress address;
    private final Blobs blobs;
    private final Duration deadAfter;
    private volatile @Nullable Receiver receiver;

    public SqsCallSource(AwsClients clients, SqsAddress address, Blobs blobs) {
        this(clients, address, blobs, INVISIBLE);
    }

    /// @param deadAfter how long after a worker's death others have the calls that it had
    public SqsCallSource(AwsClients clients, SqsAddress address, Blobs blobs, Duration deadAfter) {
        this.deadAfter = deadAfter;
        this.clients = clients;
        this.address = address;
        this.blobs = blobs;
    }

    @Override
    public void start(IntSupplier room, Consumer<Arrived> taker) {
        Receiver started = new Receiver(clients, address, room, message -> take(message, taker),
                _ -> true, deadAfter);
        receiver = started;
        started.start();
    }

    private Receiver receiver() {
        Receiver started = receiver;
        if (started == null) {
            throw new IllegalStateException("the source of calls isn't started");
        }
        return started;
    }

    private void take(Held message, Consumer<Arrived> taker) {
        try {
            RemoteCall head = RemoteCall.read(message.body().getBytes(StandardCharsets.UTF_8));
            String blob = head.blob();
            if (blob != null && !blob.equals(SqsCalls.blob(head.callId()))) {
                throw new MalformedMessage("blob isn't that of the call");
            }
            taker.accept(new OneCall(message, head));
        } catch (MalformedMessage e) {
            LOG.warn("A message is put aside: {}", e.getMessage());
            receiver().deadLetter(message, String.valueOf(e.getMessage()));
        }
    }

    private final class OneCall implements Arrived {
        private final Held message;
        private final RemoteCall head;

        OneCall(Held message, RemoteCall head) {
            this.message = message;
            this.head = head;
        }

        @Override
        public RemoteCall head() {
            return head;
        }

        @Override
        public int arrivals() {
            return message.receptions();
        }

        @Override
        public RemoteCall open() throws IOException, MalformedMessage {
            String blob = head.blob();
            try {
                return blob == null ? head : RemoteCall.read(blobs.get(blob));
            } catch (NoSuchFileException e) {
                throw new MalformedMessage("the call's content is gone");
            }
        }

        /// The message first: without its content it would come again to be put aside.
        @Override
        public void done() {
            receiver().delete(message);
            String blob = head.blob();
            if (blob != null) {
                try {
                    blobs.delete(blob);
                } catch (IOException e) {
                    LOG.debug("The bucket's rules delete {} some day", blob, e);
                }
            }
        }

        @Override
        public void giveBack(Duration delay) {
            receiver().release(message, delay);
        }

        @Override
        public void putAside(String reason) {
            receiver().deadLetter(message, reason);
        }
    }

    @Override
    public void wake() {
        receiver().wake();
    }

    @Override
    public void stop() {
        receiver().stop();
    }

    @Override
    public void close() {
        Receiver started = receiver;
        if (started != null) {
            started.close();
        }
    }
}
