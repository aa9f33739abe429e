package io.nanogrid.gateway.aws.sqs;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

/// Puts messages into one queue; those that come while another is on its way go together. Safe for use by many threads.
final class Sender {

    /// SQS takes 256 KiB in one request, and a message may have half of that.
    private static final int SHORT = 16 << 10;

    private final SqsClient client;
    private final String queue;
    private final Batches<String> batches = new Batches<>(Duration.ZERO, this::sendAll);

    Sender(SqsClient client, String queue) {
        this.client = client;
        this.queue = queue;
    }

    /// @return ends when the message is in the queue; exceptionally, with an [SdkException], where it isn't, or nobody knows
    /// @throws SdkException the same, for a long message
    CompletableFuture<Void> send(String message) {
        if (message.getBytes(StandardCharsets.UTF_8).length <= SHORT) {
            return batches.add(message);
        }
        client.sendMessage(request -> request.queueUrl(queue).messageBody(message));
        return CompletableFuture.completedFuture(null);
    }

    private Map<Integer, String> sendAll(List<String> messages) {
        if (messages.size() == 1) {
            client.sendMessage(request -> request.queueUrl(queue).messageBody(messages.getFirst()));
            return Map.of();
        }
        List<SendMessageBatchRequestEntry> entries = new ArrayList<>();
        for (String message : messages) {
            entries.add(SendMessageBatchRequestEntry.builder().id(String.valueOf(entries.size())).messageBody(message)
                    .build());
        }
        return client.sendMessageBatch(request -> request.queueUrl(queue).entries(entries)).failed().stream()
                .collect(Collectors.toMap(failed -> Integer.valueOf(failed.id()), BatchResultErrorEntry::message));
    }
}
