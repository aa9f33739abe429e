package io.nanogrid.gateway.aws.sqs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nanogrid.db.JobDraft;
import io.nanogrid.gateway.code.CodePlace;
import io.nanogrid.gateway.deploy.Strangers.Stranger;
import io.nanogrid.gateway.dispatch.MalformedMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A job as a message: `requestId`, `functionId`, `runtime`, `s3Bucket`, `s3Key`, `timeoutMs`, `memoryMb` and `input` as workers of the original take
/// them, and what else of it there is to know. What a reader doesn't know it passes over.
///
/// @param jobId null in a message of somebody who keeps no ledger
/// @param stranger what such a message says of its function
record JobMessage(@Nullable String jobId, String requestId, String functionId, @Nullable Integer version, byte[] input,
        @Nullable String traceparent, @Nullable Stranger stranger) {

    /// SQS takes 256 KiB in all; what is longer stays in the ledger alone.
    private static final int LONGEST_INPUT = 128 << 10;
    private static final int LONGEST = 240 << 10;
    /// Numbers stay as they are written.
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES).build();
    /// ASCII alone: SQS refuses some characters that JSON allows.
    private static final ObjectWriter WRITER = JSON.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII);
    private static final Pattern ID = Pattern.compile("[\\x21-\\x7e]{1,200}");

    /// @param details null where they aren't known
    static String write(JobDraft draft, @Nullable FunctionDetails details) {
        ObjectNode message = JSON.createObjectNode();
        message.put("requestId", draft.requestId());
        message.put("functionId", draft.functionId());
        message.put("jobId", draft.id());
        if (details != null) {
            describe(message, details);
        }
        if (draft.version() != null) {
            message.put("version", draft.version());
        }
        if (draft.traceparent() != null) {
            message.put("traceparent", draft.traceparent());
        }
        if (draft.input().length <= LONGEST_INPUT) {
            message.set("input", input(draft.input()));
        }
        String text = text(message);
        if (text.length() <= LONGEST) {
            return text;
        }
        message.remove("input");
        return text(message);
    }

    private static void describe(ObjectNode message, FunctionDetails details) {
        message.put("runtime", details.runtime());
        CodePlace code = details.code();
        if (code != null) {
            message.put("s3Bucket", code.bucket());
            message.put("s3Key", code.key());
        }
        message.put("timeoutMs", details.timeout().toMillis());
        message.put("memoryMb", details.memoryMb());
    }

    private static String text(JsonNode message) {
        try {
            return WRITER.writeValueAsString(message);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static JsonNode input(byte[] input) {
        try {
            JsonNode read = JSON.readTree(input);
            return read == null ? JSON.nullNode() : read;
        } catch (IOException e) {
            return JSON.nullNode();
        }
    }

    /// @throws MalformedMessage saying what is wrong with it
    static JobMessage read(String body) throws MalformedMessage {
        JsonNode message;
        try {
            message = JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw new MalformedMessage("the message isn't JSON: " + e.getOriginalMessage());
        }
        if (message == null || !message.isObject()) {
            throw new MalformedMessage("the message isn't a JSON object");
        }
        JsonNode version = message.path("version");
        if (!version.isMissingNode() && !version.isNull() && !(version.isInt() && version.intValue() > 0)) {
            throw new MalformedMessage("version must be a whole number from 1");
        }
        JsonNode input = message.path("input");
        String jobId = optional(message, "jobId");
        String functionId = id(message, "functionId");
        return new JobMessage(jobId, id(message, "requestId"), functionId,
                version.isInt() ? version.intValue() : null,
                (input.isMissingNode() ? "{}" : text(input)).getBytes(StandardCharsets.US_ASCII),
                message.path("traceparent").textValue(), jobId == null ? stranger(functionId, message) : null);
    }

    private static Stranger stranger(String functionId, JsonNode message) {
        ObjectNode definition = JSON.createObjectNode();
        for (String name : List.of("runtime", "timeoutMs", "memoryMb")) {
            if (message.hasNonNull(name)) {
                definition.set(name, message.get(name));
            }
        }
        String bucket = message.path("s3Bucket").textValue();
        String key = message.path("s3Key").textValue();
        return new Stranger(functionId, bucket == null || key == null ? null : new CodePlace(bucket, key), definition);
    }

    private static String id(JsonNode message, String name) throws MalformedMessage {
        String id = optional(message, name);
        if (id == null) {
            throw new MalformedMessage(name + " is missing");
        }
        return id;
    }

    private static @Nullable String optional(JsonNode message, String name) throws MalformedMessage {
        JsonNode value = message.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!value.isTextual() || !ID.matcher(value.textValue()).matches()) {
            throw new MalformedMessage(name + " must be a text of up to 200 visible ASCII characters");
        }
        return value.textValue();
    }

    /// The job that it stands for.
    JobDraft draft() {
        return new JobDraft(jobId == null ? requestId : jobId, functionId, version, requestId, input, false,
                traceparent, null);
    }
}
