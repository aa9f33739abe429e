package io.nanogrid.gateway.aws.sqs;

import io.nanogrid.db.StorageException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// A queue, and where its messages go that nobody can use.
///
/// @param deadLetters null where the queue has no such place
public record SqsAddress(String queue, @Nullable String deadLetters) {

    /// Asks SQS.
    ///
    /// @throws StorageException if SQS can't be asked, or there is no such queue
    public static SqsAddress of(SqsClient client, String queueName) {
        try {
            String url = client.getQueueUrl(queue -> queue.queueName(queueName)).queueUrl();
            String policy = client
                    .getQueueAttributes(queue -> queue.queueUrl(url).attributeNames(QueueAttributeName.REDRIVE_POLICY))
                    .attributesAsStrings().get(QueueAttributeName.REDRIVE_POLICY.toString());
            return new SqsAddress(url, policy == null ? null : deadLetters(client, policy));
        } catch (SdkException e) {
            throw new StorageException("SQS: the queue " + queueName + " can't be used: " + e.getMessage(), e);
        }
    }

    private static @Nullable String deadLetters(SqsClient client, String policy) {
        RedrivePolicy redrive = RedrivePolicy.read(policy);
        return client.getQueueUrl(queue -> queue.queueName(redrive.queueName())).queueUrl();
    }
}
