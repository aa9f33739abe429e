package io.nanogrid.gateway.dispatch;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.code.CodePlace;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.wire.OutputSink;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A call on its way to a worker. It says how long the call may take and never when it ends: the machines' clocks needn't agree.
///
/// As JSON it has what messages of the original have (`requestId`, `functionId`, `runtime`, `s3Bucket`, `s3Key`, `timeoutMs`, `memoryMb` and `input`), and what else a
/// worker needs to run it just as the gateway would.
///
/// @param callId names this call alone, while `requestId` may be its caller's own and come twice
/// @param version null for the one that runs now
/// @param s3Key where the code lies in `s3Bucket`, for those who don't know our table
/// @param replyTo the gateway that waits for the result, if one does
/// @param files whether the files are wanted that it leaves in its output directory
/// @param input the event to be read by others; left out where it is long or isn't plainly JSON
/// @param event the event itself
/// @param wrapped the event to send instead should `event` turn out not to be JSON; left out where it plainly is
/// @param meta the protocol's `meta`, with any deadline; empty for one with the request's id
/// @param blob where the whole call lies, if it is too long for a message
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RemoteCall(
        String callId,
        String requestId,
        String functionId,
        @Nullable Integer version,
        @Nullable String runtime,
        @Nullable String s3Bucket,
        @Nullable String s3Key,
        @Nullable Long timeoutMs,
        @Nullable Integer memoryMb,
        @Nullable String replyTo,
        boolean asValue,
        boolean files,
        @Nullable JsonNode input,
        Bytes event,
        @Nullable Bytes wrapped,
        Bytes meta,
        @Nullable String blob) {

    private static final Pattern ID = Pattern.compile("[\\x21-\\x7e]{1,200}");
    private static final int LONGEST_INPUT = 16 << 10;

    /// @throws IllegalArgumentException saying what is wrong or missing
    @SuppressWarnings("ConstantValue") // Whatever isn't in a message is null here.
    public RemoteCall {
        check("requestId", requestId);
        check("functionId", functionId);
        callId = callId == null ? requestId : callId;
        check("callId", callId);
        if (replyTo != null) {
            check("replyTo", replyTo);
        }
        if (version != null && version < 1) {
            throw new IllegalArgumentException("version must be a whole number from 1");
        }
        if (event == null) {
            event = input == null ? Bytes.utf8("{}") : Bytes.wrap(RemoteJson.write(input));
        }
        meta = meta == null ? Bytes.EMPTY : meta;
        if (!meta.isEmpty()) {
            Deadline.set(meta, 0);
        }
    }

    private static void check(String name, @Nullable String id) {
        if (id == null) {
            throw new IllegalArgumentException(name + " is missing");
        }
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException(name + " must be a text of up to 200 visible ASCII characters");
        }
    }

    static RemoteCall of(String callId, Call call, String replyTo) {
        FunctionVersion version = call.version();
        CodePlace place = version.code().place();
        Bytes event = call.event();
        boolean plain = PlainJson.is(event);
        Bytes wrapped = plain ? null : call.wrappedEvent().get();
        return new RemoteCall(callId, call.requestId(), version.key().functionId(), version.key().version(),
                version.runtime().id(), place == null ? null : place.bucket(), place == null ? null : place.key(),
                version.timeout().toMillis(), version.memoryMb(), replyTo, call.asValue(),
                call.files() != null,
                plain && event.size() <= LONGEST_INPUT ? PlainJson.tree(event) : null, event,
                event.equals(wrapped) ? null : wrapped, call.meta().apply(0), null);
    }

    /// @throws MalformedMessage saying what is wrong with it
    public static RemoteCall read(byte[] json) throws MalformedMessage {
        return RemoteJson.read(json, RemoteCall.class);
    }

    /// What is to be known of the call before it is read from where it lies.
    public RemoteCall head(String where) {
        return new RemoteCall(callId, requestId, functionId, version, runtime, s3Bucket, s3Key, timeoutMs, memoryMb,
                replyTo, asValue,
                files, null, Bytes.EMPTY, null, Bytes.EMPTY, where);
    }

    public byte[] json() {
        return RemoteJson.write(this);
    }

    /// The call to be made here.
    ///
    /// @param sink takes its files, where they are wanted
    /// @param starting is run when it has an instance, immediately before it starts; what that throws ends the call
    public Call call(FunctionVersion found, OutputSink sink, Runnable starting) {
        return new Call(requestId, found, asValue, files ? sink : null, event, () -> wrapped == null ? event : wrapped,
                deadline -> {
                    starting.run();
                    return meta.isEmpty()
                            ? Bytes.wrap(("{\"requestId\":\"" + requestId.replaceAll("[\"\\\\]", "\\\\$0")
                                    + "\",\"deadlineMs\":" + deadline + "}").getBytes(StandardCharsets.UTF_8))
                            : Deadline.set(meta, deadline);
                });
    }
}
