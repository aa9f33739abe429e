package io.nanogrid.gateway.aws.sqs;

import io.nanogrid.gateway.aws.AwsClients;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.SqsException;

/// Takes messages out of one queue while somebody wants some, one long poll at a time, and keeps them from others as long as they are held. Safe
/// for use by many threads.
///
/// Two threads: one polls and hands over what it gets, the other extends what is held. A process that dies holds nothing any more: its messages
/// are there for others after a while.
final class Receiver implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Receiver.class);
    /// SQS's own bound for one request.
    private static final int AT_ONCE = Batches.AT_ONCE;
    private static final int LONGEST_REASON = 1_000;
    /// SQS takes 256 KiB in all.
    private static final int LONGEST_CUT = 48 << 10;
    private static final Pattern STRANGE = Pattern.compile("[^\\x09\\x0a\\x0d\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufffd]");
    /// So many times is a message extended before it would come to others.
    private static final int TRIES = 3;
    /// How long messages that have been dealt with gather before SQS is told.
    private static final Duration GATHER = Duration.ofMillis(50);
    private static final Duration AFTER_A_FAILURE = Duration.ofSeconds(1);
    /// How often the poller looks whether anything is wanted, should it have missed the word.
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final SqsClient polls;
    private final SqsClient client;
    private final SqsAddress address;
    private final Duration invisible;
    private final IntSupplier wanted;
    private final Consumer<Held> taker;
    private final Predicate<Held> worthHolding;
    private final Set<Held> held = ConcurrentHashMap.newKeySet();
    private final Batches<Held> deletes = new Batches<>(GATHER, this::deleteAll);
    private final Semaphore woken = new Semaphore(0);
    private final Semaphore closing = new Semaphore(0);
    private final Thread poller;
    private final Thread extender;
    private volatile boolean closed;
    /// Of the polling thread.
    private boolean failing;

    /// @param wanted how many messages there is room for; 0 while none are wanted
    /// @param taker gets each message, in the polling thread; must not block
    /// @param worthHolding asked now and then of each message that is held: one that isn't is given back
    /// @param invisible how long after the death of this process others get what it held
    Receiver(AwsClients clients, SqsAddress address, IntSupplier wanted, Consumer<Held> taker,
            Predicate<Held> worthHolding, Duration invisible) {
        this.polls = clients.sqsPolls();
        this.client = clients.sqs();
        this.address = address;
        this.invisible = invisible;
        this.wanted = wanted;
        this.taker = taker;
        this.worthHolding = worthHolding;
        this.poller = Thread.ofVirtual().name("sqs-poll").unstarted(this::poll);
        this.extender = Thread.ofVirtual().name("sqs-extend").unstarted(this::extend);
    }

    void start() {
        poller.start();
        extender.start();
    }

    /// Says that something may be wanted now.
    void wake() {
        if (woken.availablePermits() == 0) {
            woken.release();
        }
    }

    private void poll() {
        while (!closed) {
            try {
                int room = wanted.getAsInt();
                if (room > 0) {
                    receive(Math.min(room, AT_ONCE));
                } else if (woken.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                    woken.drainPermits();
                }
            } catch (SdkException e) {
                if (!closed) {
                    failed(e);
                    pause(AFTER_A_FAILURE);
                }
            } catch (RuntimeException e) {
                if (!closed) {
                    LOG.error("Messages can't be taken", e);
                    pause(AFTER_A_FAILURE);
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void failed(SdkException e) {
        if (!failing) {
            LOG.error("SQS gives no messages; it is asked again every {} s: {}", AFTER_A_FAILURE.toSeconds(),
                    e.getMessage());
        }
        failing = true;
    }

    private void receive(int room) {
        List<Message> messages = polls.receiveMessage(request -> request.queueUrl(address.queue())
                .maxNumberOfMessages(room).waitTimeSeconds((int) AwsClients.LONG_POLL.toSeconds())
                .visibilityTimeout((int) invisible.toSeconds())
                .messageSystemAttributeNames(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT)).messages();
        if (failing) {
            LOG.info("SQS gives messages again");
            failing = false;
        }
        for (Message message : messages) {
            String count = message.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT);
            Held one = new Held(message.receiptHandle(), message.body(), count == null ? 1 : Integer.parseInt(count));
            held.add(one);
            if (closed) {
                release(one, Duration.ZERO);
            } else {
                hand(one);
            }
        }
    }

    /// What the taker fails at isn't held for ever for that.
    private void hand(Held message) {
        try {
            taker.accept(message);
        } catch (RuntimeException e) {
            LOG.error("A message can't be taken", e);
            release(message, invisible);
        }
    }

    private void extend() {
        try {
            while (!closing.tryAcquire(invisible.toMillis() / TRIES, TimeUnit.MILLISECONDS)) {
                try {
                    for (List<Held> some : batches()) {
                        extend(some);
                    }
                } catch (RuntimeException e) {
                    LOG.error("Messages can't be held", e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<List<Held>> batches() {
        List<Held> all = List.copyOf(held);
        List<List<Held>> batches = new ArrayList<>();
        for (int from = 0; from < all.size(); from += AT_ONCE) {
            batches.add(all.subList(from, Math.min(all.size(), from + AT_ONCE)));
        }
        return batches;
    }

    private void extend(List<Held> some) {
        List<Duration> times = new ArrayList<>();
        for (Held one : some) {
            boolean hold = worthHolding.test(one);
            times.add(hold ? invisible : Duration.ZERO);
            if (!hold) {
                held.remove(one);
            }
        }
        try {
            change(some, times);
        } catch (SdkException e) {
            LOG.warn("SQS can't be told to hold messages: {}", e.getMessage());
        }
    }

    /// What SQS says can't be held any longer isn't held: it comes to somebody else before long.
    private void change(List<Held> some, List<Duration> times) {
        List<ChangeMessageVisibilityBatchRequestEntry> entries = new ArrayList<>();
        for (int i = 0; i < some.size(); i++) {
            entries.add(ChangeMessageVisibilityBatchRequestEntry.builder().id(String.valueOf(i))
                    .receiptHandle(some.get(i).receipt()).visibilityTimeout((int) times.get(i).toSeconds()).build());
        }
        client.changeMessageVisibilityBatch(request -> request.queueUrl(address.queue()).entries(entries)).failed()
                .stream().filter(BatchResultErrorEntry::senderFault).forEach(failure -> {
                    LOG.info("A message can't be held any longer: {}", failure.message());
                    held.remove(some.get(Integer.parseInt(failure.id())));
                });
    }

    /// The message has been dealt with. Doesn't wait until SQS knows. Where it can't be told, the message comes again, to be recognized as dealt with.
    void delete(Held message) {
        if (held.remove(message)) {
            var unused = deletes.add(message).exceptionally(e -> {
                LOG.warn("A message that has been dealt with can't be deleted, and comes again: {}", e.getMessage());
                return null;
            });
        }
    }

    /// Says nothing to SQS: the message is somebody else's, or comes again.
    void forget(Held message) {
        held.remove(message);
    }

    private Map<Integer, String> deleteAll(List<Held> messages) {
        List<DeleteMessageBatchRequestEntry> entries = new ArrayList<>();
        for (Held message : messages) {
            entries.add(DeleteMessageBatchRequestEntry.builder().id(String.valueOf(entries.size()))
                    .receiptHandle(message.receipt()).build());
        }
        return client.deleteMessageBatch(request -> request.queueUrl(address.queue()).entries(entries)).failed()
                .stream()
                .collect(Collectors.toMap(failed -> Integer.valueOf(failed.id()), BatchResultErrorEntry::message));
    }

    /// Others may have the message, after a while.
    void release(Held message, Duration delay) {
        if (held.remove(message)) {
            try {
                client.changeMessageVisibility(request -> request.queueUrl(address.queue())
                        .receiptHandle(message.receipt()).visibilityTimeout((int) delay.toSeconds()));
            } catch (SdkException e) {
                LOG.warn("A message can't be given back now, and is there again in {} s: {}", invisible.toSeconds(),
                        e.getMessage());
            }
        }
    }

    /// Puts the message, with the reason, where those are that nobody can use. Where that can't be done it comes again, and is tried again.
    void deadLetter(Held message, String reason) {
        String place = address.deadLetters();
        if (place == null) {
            LOG.error("The queue has no dead-letter queue, so a message is gone that can't be used: {}", reason);
            delete(message);
            return;
        }
        try {
            putAside(place, message.body(), printable(reason));
            delete(message);
        } catch (SdkException e) {
            LOG.error("A message that can't be used can't be put aside: {}", e.getMessage());
            release(message, invisible);
        }
    }

    /// One that is too long together with its reason is cut, so that it goes all the same.
    private void putAside(String place, String body, String reason) {
        MessageAttributeValue why = MessageAttributeValue.builder().dataType("String").stringValue(reason).build();
        try {
            client.sendMessage(
                    request -> request.queueUrl(place).messageBody(body).messageAttributes(Map.of("reason", why)));
        } catch (SqsException e) {
            if (e.isThrottlingException() || e.statusCode() >= 500 || body.length() <= LONGEST_CUT) {
                throw e;
            }
            LOG.warn("A message is put aside that is cut to its first {} characters, since SQS says: {}", LONGEST_CUT,
                    e.getMessage());
            putAside(place, body.substring(0, LONGEST_CUT), reason);
        }
    }

    /// As SQS takes it: not empty, not long, and without what XML has no place for.
    private static String printable(String reason) {
        String plain = STRANGE.matcher(reason).replaceAll("?");
        return plain.isBlank() ? "unknown" : plain.substring(0, Math.min(plain.length(), LONGEST_REASON));
    }

    private static void pause(Duration time) {
        try {
            TimeUnit.NANOSECONDS.sleep(time.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Takes no more messages. What is held stays so for a while, unless it is ended before.
    void stop() {
        closed = true;
        wake();
    }

    /// Gives back what is still held. Doesn't wait for a poll that is under way: what that gets is given back at once.
    @Override
    public void close() {
        stop();
        closing.release();
        try {
            for (List<Held> some : batches()) {
                some.forEach(held::remove);
                change(some, Collections.nCopies(some.size(), Duration.ZERO));
            }
        } catch (SdkException e) {
            LOG.warn("Messages can't be given back now, and are there again in {} s: {}", invisible.toSeconds(),
                    e.getMessage());
        }
        deletes.close();
    }
}
