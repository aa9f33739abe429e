package io.nanogrid.gateway.dispatch;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.nanogrid.gateway.wire.Bytes;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// What a worker says of a call that has ended.
///
/// As JSON it has what results of the original have (`requestId`, `functionId`, `status`, `exitCode`, `stdout`, `stderr`, `durationMs`,
/// `peakMemoryBytes`, `optimizationTip`, `outputFiles`), and what else a gateway needs to have the call's [Invocation] just as if it had run there.
///
/// @param files what the call left in its output directory, where that was asked for
public record RemoteResult(String functionId, Invocation invocation, List<OutputFile> files) {

    public RemoteResult {
        files = List.copyOf(files);
    }

    /// One of a call's files, with its path in the call's output directory.
    public record OutputFile(String path, Bytes content) {
    }

    /// The members of the JSON object.
    private record Message(
            @JsonProperty(required = true) String requestId,
            @JsonProperty(required = true) String functionId,
            String status,
            int exitCode,
            @JsonProperty(required = true) String stdout,
            @JsonProperty(required = true) String stderr,
            BigDecimal durationMs,
            @Nullable Long peakMemoryBytes,
            @Nullable String optimizationTip,
            @JsonProperty(required = true) List<String> outputFiles,
            @JsonProperty(required = true) String startedAt,
            @JsonProperty(required = true) long queueNanos,
            @JsonProperty(required = true) long initNanos,
            @JsonProperty(required = true) long runNanos,
            @JsonProperty(required = true) boolean coldStart,
            boolean outputTruncated,
            @JsonProperty(required = true) Outcome outcome,
            @JsonProperty(required = true) List<OutputFile> files) {
    }

    public byte[] json() {
        Outcome outcome = invocation.outcome();
        OptionalLong peak = invocation.peakMemoryBytes();
        return RemoteJson.write(new Message(invocation.requestId(), functionId, outcome.status(), outcome.exitCode(),
                invocation.stdout(), invocation.stderr(), BigDecimal.valueOf(invocation.runNanos() / 1_000, 3),
                peak.isPresent() ? peak.getAsLong() : null, null, invocation.files(),
                invocation.startedAt().toString(), invocation.queueNanos(), invocation.initNanos(),
                invocation.runNanos(), invocation.cold(), invocation.outputCut(), outcome, files));
    }

    /// @throws MalformedMessage saying what is wrong with it
    public static RemoteResult read(byte[] json) throws MalformedMessage {
        Message message = RemoteJson.read(json, Message.class);
        Long peak = message.peakMemoryBytes();
        return new RemoteResult(message.functionId(),
                new Invocation(message.requestId(), message.outcome(), instant(message.startedAt()),
                        message.queueNanos(), message.initNanos(), message.runNanos(), message.coldStart(),
                        peak == null ? OptionalLong.empty() : OptionalLong.of(peak), message.stdout(), message.stderr(),
                        message.outputTruncated(), message.outputFiles()),
                message.files());
    }

    private static Instant instant(String text) throws MalformedMessage {
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            throw new MalformedMessage("startedAt is no time");
        }
    }
}
