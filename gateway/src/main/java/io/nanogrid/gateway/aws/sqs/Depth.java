package io.nanogrid.gateway.aws.sqs;

import io.nanogrid.db.StorageException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// Asks how much waits in a queue.
///
/// @param queue its URL
public record Depth(SqsClient client, String queue) {

    /// How many messages nobody has taken, about.
    ///
    /// @throws StorageException if SQS can't be asked
    public long visible() {
        try {
            String number = client
                    .getQueueAttributes(ask -> ask.queueUrl(queue)
                            .attributeNames(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES))
                    .attributes().get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES);
            return number == null ? 0 : Long.parseLong(number);
        } catch (SdkException e) {
            throw new StorageException("SQS: " + e.getMessage(), e);
        }
    }
}
