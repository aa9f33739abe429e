package io.nanogrid.gateway.invoke;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.dispatch.Call;
import io.nanogrid.gateway.dispatch.Dispatcher;
import io.nanogrid.gateway.dispatch.Invocation;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.invoke.OutputStore.Kept;
import io.nanogrid.gateway.logs.ExecutionLog;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs a function for callers who take its result as one JSON value, and has the call recorded. Safe for use by many threads; blocks until the
/// call has ended.
public final class RunFunction {

    private static final Logger LOG = LoggerFactory.getLogger(RunFunction.class);
    /// A result may hold what its language can write: numbers of any length, and texts.
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNumberLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE).maxNestingDepth(10_000).build())
            .build();

    private final Dispatcher dispatcher;
    private final ExecutionLog log;
    private final OutputStore outputs;
    private final MemoryTuner tuner;

    public RunFunction(Dispatcher dispatcher, ExecutionLog log, OutputStore outputs, MemoryTuner tuner) {
        this.dispatcher = dispatcher;
        this.log = log;
        this.outputs = outputs;
        this.tuner = tuner;
    }

    /// @throws InterruptedException if the thread was interrupted during the call, whose instance is then gone; nothing is recorded
    public RunResult run(FunctionVersion version, RunRequest request) throws InterruptedException {
        try (OutputDraft files = request.files() ? outputs.draft() : null) {
            return run(version, request, files);
        }
    }

    private RunResult run(FunctionVersion version, RunRequest request, @Nullable OutputDraft files)
            throws InterruptedException {
        Invocation call = checked(dispatcher.dispatch(new Call(request.requestId(), version, true, files,
                request.event(), request::event, deadline -> Meta.of(request, deadline))));
        if (Thread.interrupted()) {
            // Whatever came of it was made by the interruption.
            throw new InterruptedException("the call was broken off");
        }
        log.add(Executions.record(version.key(), call));
        String tip = tip(version);
        if (files == null || call.files().isEmpty()) {
            return new RunResult(call, version, List.of(), null, tip);
        }
        return switch (files.keep(request.requestId())) {
            case Kept.Stored(String name) -> new RunResult(call, version,
                    call.files().stream().map(path -> OutputUrl.of(name, path)).toList(), null, tip);
            case Kept.Refused(String why) -> {
                if (Thread.interrupted()) {
                    throw new InterruptedException("the call's files were on their way to the disk");
                }
                yield new RunResult(call, version, List.of(), why, tip);
            }
        };
    }

    /// A call that has been made isn't lost for want of advice.
    private @Nullable String tip(FunctionVersion version) throws InterruptedException {
        try {
            return tuner.tip(version.key(), version.memoryMb());
        } catch (StorageException e) {
            LOG.warn("What the calls of {} suggest can't be read: {}", version, e.getMessage());
            return null;
        }
    }

    /// An instance may send anything, and its value will stand within JSON of ours.
    private static Invocation checked(Invocation call) {
        if (call.outcome() instanceof Outcome.Value(Bytes json) && !isOneValue(json)) {
            return call.withOutcome(bad("the result isn't JSON"));
        }
        if (call.outcome() instanceof Outcome.Response) {
            return call.withOutcome(bad("an HTTP response where a value was asked for"));
        }
        return call;
    }

    private static Outcome bad(String message) {
        return new Outcome.BadResult(
                Bytes.utf8("{\"errorType\":\"BadResult\",\"errorMessage\":\"" + message + "\"}"));
    }

    private static boolean isOneValue(Bytes text) {
        try (JsonParser json = JSON
                .createParser(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text.array())).toString())) {
            int depth = 0;
            int values = 0;
            for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
                values += depth == 0 ? 1 : 0;
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            }
            return values == 1;
        } catch (IOException e) {
            return false;
        }
    }
}
