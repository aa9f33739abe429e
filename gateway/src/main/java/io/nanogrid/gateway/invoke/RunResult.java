package io.nanogrid.gateway.invoke;

import com.fasterxml.jackson.core.JsonGenerator;
import io.nanogrid.gateway.dispatch.Invocation;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What came of running a function.
///
/// @param outputFiles where the files are that it wrote, as paths on this server
/// @param outputProblem why files that it wrote couldn't be kept, if they couldn't
/// @param tip how its memory limit could be set better, if it could
public record RunResult(
        Invocation invocation,
        FunctionVersion version,
        List<String> outputFiles,
        @Nullable String outputProblem,
        @Nullable String tip) {

    /// `SUCCESS`, `FAILED` or `TIMEOUT`.
    public String status() {
        return invocation.outcome().status();
    }

    /// The answer to `/run`, which is also what is kept of a job.
    public byte[] json() {
        return Events.object(this::members).array();
    }

    /// The same for a call that was never made, or whose end nobody knows.
    ///
    /// @param why one line
    public static byte[] notRun(String requestId, String functionId, String why) {
        return Events.object(json -> {
            json.writeStringField("requestId", requestId);
            json.writeStringField("functionId", functionId);
            json.writeStringField("status", "FAILED");
            json.writeNumberField("exitCode", 1);
            json.writeNullField("result");
            error(json, new Fault("NotRun", why, List.of(), null));
            json.writeStringField("stdout", "");
            json.writeStringField("stderr", "");
            for (String figure : List.of("durationMs", "initMs", "queueMs")) {
                json.writeNumberField(figure, 0);
            }
            json.writeBooleanField("coldStart", false);
            json.writeNullField("peakMemoryBytes");
            json.writeNullField("optimizationTip");
            json.writeArrayFieldStart("outputFiles");
            json.writeEndArray();
        }).array();
    }

    private void members(JsonGenerator json) throws IOException {
        Fault fault = Fault.of(invocation.outcome());
        json.writeStringField("requestId", invocation.requestId());
        json.writeStringField("functionId", version.key().functionId());
        json.writeNumberField("version", version.key().version());
        json.writeStringField("status", status());
        Integer own = fault.exitCode();
        json.writeNumberField("exitCode",
                invocation.outcome() instanceof Outcome.FunctionError && own != null
                        ? own
                        : invocation.outcome().exitCode());
        json.writeFieldName("result");
        if (invocation.outcome() instanceof Outcome.Value(Bytes value)) {
            json.writeRawValue(value.text());
        } else {
            json.writeNull();
        }
        error(json, fault);
        json.writeStringField("stdout", invocation.stdout());
        json.writeStringField("stderr", invocation.stderr());
        if (invocation.outputCut()) {
            json.writeBooleanField("outputTruncated", true);
        }
        figures(json);
        json.writeStringField("optimizationTip", tip);
        json.writeFieldName("outputFiles");
        json.writeArray(outputFiles.toArray(String[]::new), 0, outputFiles.size());
        if (outputProblem != null) {
            json.writeStringField("outputFilesProblem", outputProblem);
        }
    }

    private static void error(JsonGenerator json, Fault fault) throws IOException {
        if (fault.type() == null && fault.message() == null) {
            return;
        }
        json.writeStringField("errorType", fault.type());
        json.writeStringField("errorMessage", fault.message());
        json.writeFieldName("stackTrace");
        json.writeArray(fault.stackTrace().toArray(String[]::new), 0, fault.stackTrace().size());
    }

    private void figures(JsonGenerator json) throws IOException {
        json.writeNumberField("durationMs", millis(invocation.runNanos()));
        json.writeNumberField("initMs", millis(invocation.initNanos()));
        json.writeNumberField("queueMs", millis(invocation.queueNanos()));
        json.writeBooleanField("coldStart", invocation.cold());
        json.writeFieldName("peakMemoryBytes");
        if (invocation.peakMemoryBytes().isPresent()) {
            json.writeNumber(invocation.peakMemoryBytes().getAsLong());
        } else {
            json.writeNull();
        }
    }

    /// With three digits, which are microseconds.
    private static BigDecimal millis(long nanos) {
        return BigDecimal.valueOf(nanos / 1_000, 3);
    }
}
