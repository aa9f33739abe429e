package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionRepository;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.Page;
import io.nanogrid.db.RefusedException;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.logs.CallFeed;
import io.nanogrid.gateway.logs.ExecutionLog;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `…/{id}/logs` and `…/{id}/logs/stream`: the records of a function's or a callback's calls, those of the past and those to come.
final class Logs {

    private static final Logger LOG = LoggerFactory.getLogger(Logs.class);
    /// Beyond so many characters of output an answer ends early: what follows is behind its cursor.
    private static final int MAX_TEXT = 8 << 20;
    private static final int READ_AT_ONCE = 50;
    private static final Duration FLUSH = Duration.ofSeconds(2);
    private static final Duration HEARTBEAT = Duration.ofSeconds(15);

    private final FunctionRepository functions;
    private final CallbackRepository callbacks;
    private final ExecutionRepository executions;
    private final ExecutionLog log;
    private final CallFeed feed;
    private final ApiKeys keys;

    Logs(FunctionRepository functions, CallbackRepository callbacks, ExecutionRepository executions, ExecutionLog log,
            CallFeed feed, ApiKeys keys) {
        this.functions = functions;
        this.callbacks = callbacks;
        this.executions = executions;
        this.log = log;
        this.feed = feed;
        this.keys = keys;
    }

    void ofFunction(Context ctx) throws InterruptedException {
        list(ctx, function(ctx));
    }

    void ofCallback(Context ctx) throws InterruptedException {
        list(ctx, functionOfCallback(ctx));
    }

    void streamOfFunction(Context ctx) throws InterruptedException {
        stream(ctx, this::function);
    }

    void streamOfCallback(Context ctx) throws InterruptedException {
        stream(ctx, this::functionOfCallback);
    }

    private String function(Context ctx) {
        String id = ctx.pathParam("id");
        return functions.find(id).orElseThrow(() -> new RefusedException.UnknownFunction(id)).id();
    }

    private String functionOfCallback(Context ctx) {
        long id = JsonBody.callbackId(ctx);
        return callbacks.find(id).orElseThrow(() -> new RefusedException.UnknownCallback(id)).function().id();
    }

    private void list(Context ctx, String functionId) throws InterruptedException {
        LogQuery query = LogQuery.read(ctx);
        if (!log.flush(FLUSH)) {
            LOG.warn("The newest records of calls aren't stored yet, so they aren't in the answer");
        }
        List<Map<String, @Nullable Object>> records = new ArrayList<>();
        String cursor = query.cursor();
        int text = 0;
        boolean whole;
        do {
            int limit = Math.min(query.limit() - records.size(), READ_AT_ONCE);
            String from = cursor;
            Page<ExecutionRecord> page = ListQuery
                    .page(() -> executions.list(functionId, query.filter(), limit, from));
            page.items().forEach(call -> records.add(LogJson.record(call)));
            text += page.items().stream().mapToInt(call -> call.stdout().length() + call.stderr().length()).sum();
            cursor = page.nextCursor();
            // Else the store has searched for long enough.
            whole = page.items().size() == limit;
        } while (cursor != null && whole && records.size() < query.limit() && text < MAX_TEXT);
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("functionId", functionId);
        json.put("logs", records);
        json.put("nextCursor", cursor);
        ctx.json(json);
    }

    private void stream(Context ctx, Function<Context, String> find) throws InterruptedException {
        String functionId = find.apply(ctx);
        try (CallFeed.Listener listener = feed.listen(functionId);
                ApiKeys.Watch _ = keys.watch(Guard.caller(ctx), () -> listener.end(CallFeed.Why.ACCESS_LOST))) {
            // Again, as nobody tells of a deletion before there is a listener.
            var unused = find.apply(ctx);
            EventStream out = EventStream.open(ctx);
            if (!ctx.req().getMethod().equals("HEAD")) {
                out.comment("listening");
                relay(listener, out);
            }
        } catch (IOException e) {
            LOG.debug("Who listened to the calls of {} has hung up", functionId, e);
        }
    }

    private static void relay(CallFeed.Listener listener, EventStream out) throws IOException, InterruptedException {
        while (true) {
            switch (listener.next(HEARTBEAT)) {
                case CallFeed.Event.Ended(ExecutionRecord call) -> out.send("call", LogJson.record(call));
                case CallFeed.Event.Missed(long calls) -> out.send("missed", Map.of("calls", calls));
                case CallFeed.Event.Nothing() -> out.comment("still listening");
                case CallFeed.Event.Closed(CallFeed.Why why) -> {
                    out.send("end", end(why));
                    return;
                }
            }
        }
    }

    private static Map<String, String> end(CallFeed.Why why) {
        return switch (why) {
            case GATEWAY_STOPS -> Map.of("reason", "shutting_down", "message", "the gateway stops");
            case FUNCTION_DELETED -> Map.of("reason", "function_deleted", "message", "the function was deleted");
            case ACCESS_LOST -> Map.of("reason", "access_lost", "message", Guard.ACCESS_LOST);
        };
    }

    /// Ends all streams.
    void close() {
        feed.close();
    }
}
