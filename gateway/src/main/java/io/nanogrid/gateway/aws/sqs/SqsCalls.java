package io.nanogrid.gateway.aws.sqs;

import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.Blobs;
import io.nanogrid.gateway.dispatch.CallQueue;
import io.nanogrid.gateway.dispatch.RemoteCall;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;

/// Calls as messages of SQS, in a queue of their own so that none waits behind jobs. Safe for use by many threads.
public final class SqsCalls implements CallQueue {

    /// SQS takes 256 KiB in all; what is longer lies elsewhere.
    private static final int LONGEST = 128 << 10;

    private final SqsClient client;
    private final SqsAddress address;
    private final Blobs blobs;

    public SqsCalls(AwsClients clients, SqsAddress address, Blobs blobs) {
        this.client = clients.sqs();
        this.address = address;
        this.blobs = blobs;
    }

    static String blob(String callId) {
        return "calls/" + callId;
    }

    @Override
    public void send(RemoteCall call) throws Unreachable, InterruptedException {
        byte[] json = call.json();
        try {
            if (json.length > LONGEST) {
                String blob = blob(call.callId());
                blobs.put(blob, json);
                json = call.head(blob).json();
            }
            String body = new String(json, StandardCharsets.US_ASCII);
            client.sendMessage(message -> message.queueUrl(address.queue()).messageBody(body));
        } catch (SdkException | IOException e) {
            if (AwsClients.interrupted(e)) {
                throw (InterruptedException) new InterruptedException().initCause(e);
            }
            throw new Unreachable(String.valueOf(e.getMessage()), e);
        }
    }
}
