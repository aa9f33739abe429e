package io.nanogrid.gateway.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.auth.KeyRefused;
import io.nanogrid.gateway.deploy.InvalidDefinition;
import io.nanogrid.gateway.engine.EngineException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.io.EofException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Turns what handlers throw into answers.
final class Problems {

    private static final Logger LOG = LoggerFactory.getLogger(Problems.class);
    private static final String ATTRIBUTE = "nanogrid.problem";
    private static final ObjectMapper JSON = new ObjectMapper();
    /// In seconds: jobs are mostly short.
    private static final String WHEN_THE_QUEUE_IS_FULL = "5";
    static final String MEDIA_TYPE = "application/problem+json";
    static final HttpField TYPE_FIELD = new PreEncodedHttpField(HttpHeader.CONTENT_TYPE, MEDIA_TYPE);

    private final long maxBodyBytes;

    Problems(long maxBodyBytes) {
        this.maxBodyBytes = maxBodyBytes;
    }

    void answer(Exception thrown, Context ctx) {
        if (thrown instanceof HttpResponseException http && http.getStatus() == 405) {
            // The only detail is the methods that the path has; what it is called depends on what the client accepts.
            http.getDetails().values().forEach(methods -> ctx.header("Allow", methods));
        }
        if (thrown instanceof RefusedException.QueueFull) {
            ctx.header("Retry-After", WHEN_THE_QUEUE_IS_FULL);
        }
        if (thrown instanceof LambdaError.Thrown lambda) {
            lambda.error().write(ctx);
            return;
        }
        Problem problem = problem(thrown, ctx.req().getMethod(), ctx.path());
        if (Lambda.serves(ctx.path())) {
            LambdaError.of(problem).write(ctx);
        } else if (problem.status() == 413 || !Linger.consumed(ctx)) {
            note(ctx, problem);
            Linger.answer(ctx, problem.status(), MEDIA_TYPE, body(problem, RequestId.of(ctx)));
        } else {
            write(ctx, problem);
        }
    }

    /// What to answer to a request in which this was thrown. What is nobody's mistake but ours is logged.
    Problem problem(Throwable thrown, String method, String path) {
        return switch (thrown) {
            case Problem.Thrown known -> known.problem();
            case InvalidDefinition invalid -> Problem.invalidDefinition(String.valueOf(invalid.getMessage()));
            case RefusedException refused -> refused(refused);
            case KeyRefused refused -> Problem.keyRefused(refused);
            case EngineException engine -> Problem.engineUnavailable(String.valueOf(engine.getMessage()));
            case HttpResponseException http -> http(http, method, path);
            case StorageException storage -> {
                LOG.error("The storage failed", storage);
                yield Problem.storageFailed();
            }
            case InterruptedException _ -> Problem.shuttingDown();
            // Whatever broke off was the client's: its body, or its reading of the answer.
            case EofException _ -> Problem.incompleteBody();
            case IOException storage when !(storage instanceof JsonProcessingException) -> {
                LOG.error("{} {}: what the gateway keeps can't be read or written", method, path, storage);
                yield Problem.storageFailed();
            }
            default -> {
                LOG.error("{} {} failed", method, path, thrown);
                yield Problem.internal();
            }
        };
    }

    private static Problem refused(RefusedException refused) {
        String message = String.valueOf(refused.getMessage());
        return switch (refused) {
            case RefusedException.DuplicateRoute duplicate ->
                Problem.conflict("duplicate_route", message).with("callback_id", duplicate.callbackId());
            case RefusedException.UnknownCallback _ -> Problem.notFound(message);
            case RefusedException.BuildInProgress _ -> Problem.conflict("build_in_progress", message);
            case RefusedException.NothingToRollBackTo _ -> Problem.conflict("nothing_to_roll_back_to", message);
            case RefusedException.UnknownChatRoom _ -> Problem.conflict("unknown_chat_room", message);
            case RefusedException.DuplicateChatRoom _ -> Problem.conflict("duplicate_chat_room", message);
            case RefusedException.ChatRoomTaken _ -> Problem.conflict("chat_room_taken", message);
            case RefusedException.UnknownFunction _ -> Problem.notFound(message);
            case RefusedException.OwnedByCallback owned ->
                Problem.conflict("owned_by_callback", message).with("callbackId", owned.callbackId());
            case RefusedException.FunctionBuildInProgress _ -> Problem.conflict("build_in_progress", message);
            case RefusedException.DefinitionTooLong _ -> Problem.invalidDefinition(message);
            case RefusedException.QueueFull _ -> Problem.queueFull(message);
            case RefusedException.DuplicateKey _ -> Problem.conflict("duplicate_key", message);
        };
    }

    private Problem http(HttpResponseException http, String method, String path) {
        return switch (http.getStatus()) {
            case 404 -> Problem.notFound("there is no " + method + " " + path);
            case 405 -> Problem.methodNotAllowed("this path doesn't take " + method);
            case 413 -> Problem.bodyTooLarge(maxBodyBytes);
            default -> Problem.badRequest("bad_request", String.valueOf(http.getMessage()));
        };
    }

    /// What was answered, if it was an error.
    static @Nullable Problem of(Context ctx) {
        return ctx.attribute(ATTRIBUTE);
    }

    /// For errors that aren't the whole answer.
    static void note(Context ctx, Problem problem) {
        ctx.attribute(ATTRIBUTE, problem);
    }

    static void write(Context ctx, Problem problem) {
        note(ctx, problem);
        ctx.status(problem.status()).contentType(MEDIA_TYPE).result(body(problem, RequestId.of(ctx)));
    }

    static byte[] body(Problem problem, String requestId) {
        try {
            return JSON.writeValueAsBytes(members(problem, requestId));
        } catch (JsonProcessingException e) {
            return "{\"status\":500}".getBytes(StandardCharsets.UTF_8);
        }
    }

    static Map<String, Object> members(Problem problem, String requestId) {
        String detail = problem.detail().replaceAll("\\p{Cntrl}+", " ");
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("type", "about:blank");
        body.put("title", problem.title());
        body.put("status", problem.status());
        body.put("detail", detail);
        body.put("error", detail);
        body.put("requestId", requestId);
        body.put("component", problem.component().wireName());
        body.put("reason", problem.reason());
        body.putAll(problem.more());
        return body;
    }
}
