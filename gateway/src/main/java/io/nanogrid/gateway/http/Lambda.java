package io.nanogrid.gateway.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.deploy.FunctionCatalog.Found;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.invoke.RunFunction;
import io.nanogrid.gateway.invoke.RunRequest;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// AWS Lambda's Invoke, so that its SDKs and its command line work with this gateway as they are.
final class Lambda {

    /// What stands below it is answered in AWS's form, errors too.
    private static final String PREFIX = "/2015-03-31/";
    static final String PATH = PREFIX + "functions/{name}/invocations";
    static final String REQUEST_ID = "x-amzn-RequestId";

    private static final int MAX_PAYLOAD = 6 << 20;
    private static final int MAX_EVENT = 256 << 10;
    private static final int MAX_CLIENT_CONTEXT = 3583;
    private static final Duration LONGEST = Duration.ofHours(1);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final byte[] NO_PAYLOAD = "{}".getBytes(StandardCharsets.UTF_8);
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE)
                    .maxNumberLength(Integer.MAX_VALUE).build())
            .build();

    private final LambdaAccess access;
    private final CallLimit limit;
    private final FunctionCatalog functions;
    private final RunFunction run;
    private final InvocationQueue queue;
    private final int maxQueuedJobs;

    private enum Type {
        REQUEST_RESPONSE, EVENT, DRY_RUN;

        static Type of(@Nullable String header) {
            return switch (header == null ? "RequestResponse" : header) {
                case "RequestResponse" -> REQUEST_RESPONSE;
                case "Event" -> EVENT;
                case "DryRun" -> DRY_RUN;
                default -> throw LambdaError
                        .badParameter("X-Amz-Invocation-Type must be RequestResponse, Event or DryRun").thrown();
            };
        }
    }

    Lambda(LambdaAccess access, CallLimit limit, FunctionCatalog functions, RunFunction run, InvocationQueue queue,
            int maxQueuedJobs) {
        this.access = access;
        this.limit = limit;
        this.functions = functions;
        this.run = run;
        this.queue = queue;
        this.maxQueuedJobs = maxQueuedJobs;
    }

    static boolean serves(String path) {
        return path.startsWith(PREFIX);
    }

    void invoke(Context ctx) throws InterruptedException {
        access.require(ctx);
        limit.require(ctx);
        ctx.header(REQUEST_ID, RequestId.of(ctx));
        Type type = Type.of(ctx.header("X-Amz-Invocation-Type"));
        byte[] payload = payload(ctx, type == Type.EVENT ? MAX_EVENT : MAX_PAYLOAD);
        LambdaName name = LambdaName.read(ctx.pathParam("name"), ctx.queryParam("Qualifier"));
        Found.Ready found = find(name);
        switch (type) {
            case REQUEST_RESPONSE -> call(ctx, name, found.version(), payload);
            case EVENT -> {
                queue.put(new JobDraft(UUID.randomUUID().toString(), found.function().id(), name.version(),
                        RequestId.of(ctx), payload, true, ctx.header("traceparent"), null), maxQueuedJobs);
                ctx.status(202);
            }
            case DRY_RUN -> ctx.status(204);
        }
    }

    private static byte[] payload(Context ctx, int limit) {
        if (ctx.req().getContentLengthLong() > limit || ctx.bodyAsBytes().length > limit) {
            throw LambdaError.tooLarge(limit).thrown();
        }
        byte[] payload = ctx.bodyAsBytes();
        if (payload.length == 0) {
            return NO_PAYLOAD;
        }
        try (JsonParser json = JSON
                .createParser(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(payload)).toString())) {
            JsonToken first = json.nextToken();
            json.skipChildren();
            if (first == null || json.nextToken() != null) {
                throw LambdaError.badContent("Could not parse request body into json: it must be one JSON value")
                        .thrown();
            }
            return payload;
        } catch (JsonProcessingException e) {
            throw LambdaError.badContent("Could not parse request body into json: " + JsonBody.malformed(e).detail())
                    .thrown();
        } catch (IOException e) {
            throw LambdaError.badContent("Could not parse request body into json: it isn't UTF-8").thrown();
        }
    }

    private static @Nullable Bytes clientContext(@Nullable String header) {
        if (header == null) {
            return null;
        }
        try {
            byte[] json = Base64.getDecoder().decode(header);
            if (header.length() <= MAX_CLIENT_CONTEXT && MAPPER.readTree(json) instanceof ObjectNode object) {
                return Bytes.wrap(MAPPER.writeValueAsBytes(object));
            }
        } catch (IOException | IllegalArgumentException e) {
            // Said below.
        }
        throw LambdaError.badContent("Client context must be a JSON object in base64 of at most " + MAX_CLIENT_CONTEXT
                + " characters").thrown();
    }

    private Found.Ready find(LambdaName name) throws InterruptedException {
        String asked = name.version() == null ? name.function() : name.function() + ":" + name.version();
        return switch (functions.findByName(name.function(), name.version())) {
            case Found.Ready ready -> ready;
            case Found.Unknown() -> throw LambdaError.notFound("Function not found: " + asked).thrown();
            case Found.UnknownVersion _ -> throw LambdaError.notFound("Function not found: " + asked).thrown();
            case Found.NotDeployed(long callback) -> throw LambdaError.notFound("Function not found: " + asked
                    + " belongs to callback " + callback + ", which isn't deployed").thrown();
            case Found.Unavailable(String message) -> throw Problem.engineUnavailable(message).thrown();
        };
    }

    private void call(Context ctx, LambdaName name, FunctionVersion version, byte[] payload)
            throws InterruptedException {
        if (version.timeout().compareTo(LONGEST) > 0) {
            throw LambdaError
                    .badParameter("the function may run for longer than an hour: use the invocation type Event")
                    .thrown();
        }
        var call = run.run(version,
                new RunRequest(RequestId.of(ctx), Bytes.wrap(payload), false, ctx.header("traceparent"),
                        clientContext(ctx.header("X-Amz-Client-Context"))))
                .invocation();
        if (call.outcome() instanceof Outcome.Full(_, Duration retryAfter)) {
            ctx.header("Retry-After", String.valueOf(Math.max(1, retryAfter.toSeconds())));
        }
        LambdaResult result = LambdaResult.of(call);
        ctx.header("X-Amz-Executed-Version", name.executedVersion());
        if (result.failed()) {
            ctx.header("X-Amz-Function-Error", "Unhandled");
        }
        if ("Tail".equals(ctx.header("X-Amz-Log-Type"))) {
            ctx.header("X-Amz-Log-Result", LambdaResult.logTail(call, version, name.executedVersion()));
        }
        ctx.contentType("application/json").result(result.payload());
    }
}
