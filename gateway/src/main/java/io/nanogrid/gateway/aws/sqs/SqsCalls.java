package io.nanogrid.gateway.aws.sqs;

import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.Blobs;
import io.nanogrid.gateway.dispatch.CallQueue;
import io.nanogrid.gateway.dispatch.RemoteCall;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import software.amazon.awssdk.core.exception.SdkException;

/// Calls as messages of SQS, in a queue of their own so that none waits behind jobs. Safe for use by many threads.
public final class SqsCalls implements CallQueue {

    /// SQS takes 256 KiB in all; what is longer lies elsewhere.
    private static final int LONGEST = 128 << 10;

    private final Sender sender;
    private final Blobs blobs;

    public SqsCalls(AwsClients clients, SqsAddress address, Blobs blobs) {
        this.sender = new Sender(clients.sqs(), address.queue());
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
            sender.send(new String(json, StandardCharsets.US_ASCII)).get();
        } catch (ExecutionException e) {
            throw new Unreachable(String.valueOf(e.getCause()), e);
        } catch (SdkException | IOException e) {
            if (AwsClients.interrupted(e)) {
                throw (InterruptedException) new InterruptedException().initCause(e);
            }
            throw new Unreachable(String.valueOf(e.getMessage()), e);
        }
    }
}
