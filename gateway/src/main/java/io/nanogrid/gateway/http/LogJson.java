package io.nanogrid.gateway.http;

import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionStatus;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// How the record of a call looks as JSON.
final class LogJson {

    private LogJson() {
    }

    static Map<String, @Nullable Object> record(ExecutionRecord call) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("requestId", call.requestId());
        json.put("status", status(call.status()));
        json.put("outcome", call.status().name().toLowerCase(Locale.ROOT));
        json.put("version", call.version());
        json.put("startedAt", call.startedAt().toString());
        json.put("durationMs", millis(call.run()));
        json.put("initMs", millis(call.init()));
        json.put("queueMs", millis(call.queue()));
        json.put("coldStart", call.coldStart());
        json.put("peakMemoryBytes", call.peakMemoryBytes());
        json.put("errorType", call.errorType());
        json.put("errorMessage", call.errorMessage());
        json.put("stdout", call.stdout());
        json.put("stderr", call.stderr());
        json.put("outputTruncated", call.outputTruncated());
        return json;
    }

    /// The word that running a function answers with; and another one where the platform couldn't run it, which isn't the function's fault.
    private static String status(ExecutionStatus status) {
        return switch (status) {
            case SUCCESS -> "SUCCESS";
            case TIMEOUT -> "TIMEOUT";
            case FUNCTION_ERROR, BAD_RESULT, OUT_OF_MEMORY, EXITED, INIT_ERROR -> "FAILED";
            case PLATFORM_ERROR -> "PLATFORM_ERROR";
        };
    }

    /// What a status or an outcome, in capitals, stands for; empty where it is neither.
    static Set<ExecutionStatus> meaning(String word) {
        return Arrays.stream(ExecutionStatus.values())
                .filter(status -> status.name().equals(word) || status(status).equals(word))
                .collect(Collectors.toUnmodifiableSet());
    }

    private static BigDecimal millis(Duration duration) {
        return BigDecimal.valueOf(duration.toNanos() / 1_000, 3);
    }
}
