package io.nanogrid.gateway.http;

import io.nanogrid.gateway.auth.KeyRefused;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// An error as the contract spells it (RFC 9457). All that the gateway answers in error are made here, so this is the catalogue.
///
/// @param component whose fault it is
/// @param reason a stable word in snake_case
/// @param detail one line for people; never a path, class or trace of the gateway's own
/// @param more further members, such as a user's own stack trace
record Problem(int status, String title, Component component, String reason, String detail, Map<String, Object> more) {

    enum Component {
        GATEWAY, AUTH, LIMITS, DEPLOY, BUILD, ENGINE, FUNCTION, QUEUE;

        String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Thrown by handlers; the server turns it into the answer.
    static final class Thrown extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient Problem problem;

        private Thrown(Problem problem) {
            super(problem.detail, null, false, false);
            this.problem = problem;
        }

        Problem problem() {
            return problem;
        }
    }

    Thrown thrown() {
        return new Thrown(this);
    }

    Problem with(String name, Object value) {
        Map<String, Object> all = new LinkedHashMap<>(more);
        all.put(name, value);
        return new Problem(status, title, component, reason, detail, all);
    }

    private static Problem of(int status, String title, Component component, String reason, String detail) {
        return new Problem(status, title, component, reason, detail, Map.of());
    }

    static Problem badRequest(String reason, String detail) {
        return of(400, "Bad request", Component.GATEWAY, reason, detail);
    }

    static Problem incompleteBody() {
        return badRequest("incomplete_body", "the body didn't arrive whole, or not as HTTP says");
    }

    /// What the server itself turned down, with its status.
    static Problem refusedRequest(int status) {
        return of(status, status < 500 ? "Bad request" : "Internal error", Component.GATEWAY, "bad_request",
                "the server couldn't read or serve the request");
    }

    static Problem unknownFields(String detail) {
        return badRequest("unknown_field", detail);
    }

    static Problem invalidDefinition(String detail) {
        return of(400, "Bad request", Component.DEPLOY, "invalid_definition", detail);
    }

    static Problem unauthorized() {
        return of(401, "Unauthorized", Component.AUTH, "api_key_required",
                "give a valid API key in the header x-api-key");
    }

    /// As [#unauthorized], with the status by which AWS says it.
    static Problem strangerToLambda(String detail) {
        return of(403, "Forbidden", Component.AUTH, "api_key_required", detail);
    }

    static Problem noKeyConfigured() {
        return of(401, "Unauthorized", Component.AUTH, "no_api_key_configured",
                "this callback asks for an API key, and the gateway has none: make one by POST /keys, or set NANOGRID_API_KEY");
    }

    static Problem scopeMissing(String key, String scope) {
        return of(403, "Forbidden", Component.AUTH, "scope_missing",
                "the key " + key + " lacks the scope " + scope + " that this call needs").with("scope", scope);
    }

    static Problem foreignOrigin() {
        return of(403, "Forbidden", Component.AUTH, "foreign_origin",
                "pages of other origins may not do this; MANAGEMENT_ORIGINS names those that may");
    }

    static Problem foreignHost() {
        return of(403, "Forbidden", Component.AUTH, "foreign_host",
                "without an API key this is taken on a loopback address only: set NANOGRID_API_KEY");
    }

    static Problem notFound(String detail) {
        return of(404, "Not found", Component.GATEWAY, "not_found", detail);
    }

    static Problem methodNotAllowed(String detail) {
        return of(405, "Method not allowed", Component.GATEWAY, "method_not_allowed", detail);
    }

    static Problem conflict(String reason, String detail) {
        return of(409, "Conflict", Component.DEPLOY, reason, detail);
    }

    static Problem jobNotFinished(String detail) {
        return of(409, "Conflict", Component.QUEUE, "job_not_finished", detail);
    }

    static Problem idempotencyRunning() {
        return of(409, "Conflict", Component.GATEWAY, "idempotency_key_running",
                "the first call with this Idempotency-Key hasn't ended yet: try again later for its answer");
    }

    static Problem idempotencyUnknown() {
        return of(409, "Conflict", Component.GATEWAY, "idempotency_key_unknown",
                "the gateway failed during the first call with this Idempotency-Key, so nobody knows what that call did: "
                        + "find out, and use a new key to make it again");
    }

    static Problem idempotencyNotKept(int status, int limit) {
        return of(409, "Conflict", Component.GATEWAY, "idempotency_answer_not_kept",
                "the first call with this Idempotency-Key has ended with status " + status
                        + " and isn't made again; its answer was longer than the " + limit + " bytes that are kept");
    }

    static Problem idempotencyDropped() {
        return of(409, "Conflict", Component.GATEWAY, "idempotency_answer_not_kept",
                "the first call with this Idempotency-Key has ended and isn't made again; its answer has given way to newer ones");
    }

    static Problem idempotencyKeyReused() {
        return of(422, "Unprocessable content", Component.GATEWAY, "idempotency_key_reused",
                "this Idempotency-Key was used with another body, query or x-async: a new call needs a new key");
    }

    static Problem bodyTooLarge(long limit) {
        return of(413, "Content too large", Component.LIMITS, "body_too_large",
                "the body is larger than " + limit + " bytes; MAX_BODY_BYTES sets the limit");
    }

    static Problem payloadTooLarge(int limit) {
        return of(413, "Content too large", Component.LIMITS, "body_too_large",
                "the payload is larger than the " + limit + " bytes that this invocation type takes");
    }

    static Problem keyRefused(KeyRefused refused) {
        String detail = String.valueOf(refused.getMessage());
        return switch (refused.why()) {
            case CALLER -> unauthorized();
            case TAKEN -> of(409, "Conflict", Component.AUTH, "duplicate_key", detail);
            case FIRST_NEEDS_ADMIN -> of(400, "Bad request", Component.AUTH, "admin_scope_required", detail);
            case LAST_ADMIN -> of(409, "Conflict", Component.AUTH, "last_admin_key", detail);
            case CONFIGURED -> of(409, "Conflict", Component.AUTH, "configured_key", detail);
            case UNKNOWN -> notFound(detail);
            case TOO_MANY -> of(409, "Conflict", Component.AUTH, "too_many_keys", detail);
        };
    }

    static Problem notJson() {
        return of(415, "Unsupported media type", Component.GATEWAY, "json_expected",
                "send JSON with the header content-type: application/json");
    }

    static Problem notJsonNorForm() {
        return of(415, "Unsupported media type", Component.GATEWAY, "json_or_form_expected",
                "send JSON with the header content-type: application/json, or a form as curl -F file=@main.py does");
    }

    static Problem buildFailed(String reason, String detail) {
        return of(422, "The build failed", Component.BUILD, reason, detail);
    }

    static Problem engineUnavailable(String detail) {
        return of(503, "The engine isn't available", Component.ENGINE, "engine_unavailable", detail);
    }

    static Problem storageFailed() {
        return of(503, "The storage isn't available", Component.GATEWAY, "storage_failed",
                "the gateway can't read or write its data; its log says why");
    }

    static Problem internal() {
        return of(500, "Internal error", Component.GATEWAY, "internal",
                "the gateway failed; its log says why, under this request id");
    }

    static Problem shuttingDown() {
        return of(503, "Shutting down", Component.GATEWAY, "shutting_down", "the gateway is shutting down");
    }

    static Problem functionError(String detail) {
        return of(500, "The function failed", Component.FUNCTION, "function_error", detail);
    }

    static Problem initFailed(String detail) {
        return of(500, "The function can't be loaded", Component.FUNCTION, "init_failed", detail);
    }

    static Problem badResult(String detail) {
        return of(502, "The function's answer can't be used", Component.FUNCTION, "bad_result", detail);
    }

    static Problem instanceExited(String detail) {
        return of(502, "The function ended without an answer", Component.FUNCTION, "instance_exited", detail);
    }

    static Problem protocolViolated() {
        return of(502, "The function ended without an answer", Component.FUNCTION, "protocol_violation",
                "the function interfered with the connection to the gateway");
    }

    static Problem outOfMemory(String detail) {
        return of(502, "The function exceeded its memory", Component.FUNCTION, "out_of_memory", detail);
    }

    static Problem timedOut(String detail) {
        return of(504, "The function took too long", Component.FUNCTION, "timeout", detail);
    }

    static Problem functionBusy() {
        return of(429, "Too many requests", Component.LIMITS, "function_busy",
                "all instances that this function may have are busy, and its queue is full");
    }

    static Problem rateLimited(int perMinute, long secondsToWait) {
        return of(429, "Too many requests", Component.LIMITS, "rate_limited",
                "a client may call this " + perMinute + " times a minute: try again in " + secondsToWait + " s");
    }

    static Problem queueFull(String detail) {
        return of(429, "Too many requests", Component.QUEUE, "queue_full", detail);
    }

    static Problem machineBusy() {
        return of(503, "The machine is busy", Component.LIMITS, "machine_busy", "no instance became free in time");
    }
}
