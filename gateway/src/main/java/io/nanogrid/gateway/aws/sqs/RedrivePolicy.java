package io.nanogrid.gateway.aws.sqs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.nanogrid.db.StorageException;

/// What a queue does with messages that come back too often.
///
/// @param queueName of the queue where they go
record RedrivePolicy(String queueName, int maxReceiveCount) {

    private static final ObjectMapper JSON = new ObjectMapper();

    static RedrivePolicy read(String text) {
        try {
            JsonNode policy = JSON.readTree(text);
            String arn = policy.path("deadLetterTargetArn").asText();
            return new RedrivePolicy(arn.substring(arn.lastIndexOf(':') + 1),
                    policy.path("maxReceiveCount").asInt());
        } catch (JsonProcessingException e) {
            throw new StorageException("SQS: the queue's redrive policy can't be read", e);
        }
    }
}
