package io.nanogrid.gateway.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Jobs as JSON.
final class JobJson {

    private static final ObjectMapper JSON = new ObjectMapper();

    private JobJson() {
    }

    static byte[] accepted(JobDraft job) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("status", "ACCEPTED");
        json.put("jobId", job.id());
        json.put("requestId", job.requestId());
        if (job.retryOf() != null) {
            json.put("retryOf", job.retryOf());
        }
        return write(json);
    }

    /// As a line of the list.
    static Map<String, @Nullable Object> summary(JobRecord job) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("jobId", job.draft().id());
        json.put("functionId", job.draft().functionId());
        json.put("version", job.draft().version());
        json.put("requestId", job.draft().requestId());
        json.put("state", job.state().wireName());
        json.put("attempts", job.attempts());
        json.put("acceptedAt", time(job.acceptedAt()));
        json.put("startedAt", time(job.startedAt()));
        json.put("endedAt", time(job.endedAt()));
        json.put("reason", job.reason());
        json.put("retryOf", job.draft().retryOf());
        return json;
    }

    /// What has become of it: its result, as `/run` answers it, once there is one.
    static byte[] status(JobRecord job) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("jobId", job.draft().id());
        byte[] result = job.result();
        if (result == null) {
            json.put("status", job.state().wireName());
            return write(json);
        }
        if (job.reason() != null) {
            json.put("reason", job.reason());
        }
        byte[] head = write(json);
        // Both are objects, and neither is empty.
        ByteArrayOutputStream whole = new ByteArrayOutputStream(head.length + result.length);
        whole.write(head, 0, head.length - 1);
        whole.write(',');
        whole.write(result, 1, result.length - 1);
        return whole.toByteArray();
    }

    private static @Nullable String time(@Nullable Instant instant) {
        return instant == null ? null : instant.truncatedTo(ChronoUnit.MILLIS).toString();
    }

    private static byte[] write(Map<String, @Nullable Object> json) {
        try {
            return JSON.writeValueAsString(json).getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
