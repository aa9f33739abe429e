package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;

/// An error as AWS's Lambda spells it, for those who call by AWS's own clients.
///
/// @param type the exception that clients throw for it
/// @param message one line for people, as in [Problem]
record LambdaError(int status, String type, String message) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MEDIA_TYPE = "application/json";

    static final class Thrown extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient LambdaError error;

        private Thrown(LambdaError error) {
            super(error.message, null, false, false);
            this.error = error;
        }

        LambdaError error() {
            return error;
        }
    }

    Thrown thrown() {
        return new Thrown(this);
    }

    static LambdaError notFound(String message) {
        return new LambdaError(404, "ResourceNotFoundException", message);
    }

    static LambdaError badContent(String message) {
        return new LambdaError(400, "InvalidRequestContentException", message);
    }

    static LambdaError badParameter(String message) {
        return new LambdaError(400, "InvalidParameterValueException", message);
    }

    static LambdaError tooLarge(int limit) {
        return new LambdaError(413, "RequestEntityTooLargeException",
                "the payload is larger than the " + limit + " bytes that this invocation type takes");
    }

    static LambdaError unknownKey() {
        return new LambdaError(403, "UnrecognizedClientException",
                "there is no such key, or it was made without sigv4: the access key id must be default, key2… for the "
                        + "keys of NANOGRID_API_KEY, or the name of a key that was made with sigv4");
    }

    static LambdaError notSigned() {
        return new LambdaError(403, "MissingAuthenticationTokenException",
                "sign the request (AWS Signature Version 4), or give an API key in the header x-api-key");
    }

    static LambdaError badSignature(String message) {
        return new LambdaError(403, "InvalidSignatureException", message);
    }

    /// What the rest of the gateway answers, in AWS's words.
    static LambdaError of(Problem problem) {
        String detail = problem.detail();
        return switch (problem.status()) {
            case 400 -> badContent(detail);
            case 401 -> notSigned();
            case 403 -> new LambdaError(403, "AccessDeniedException", detail);
            case 404, 405 -> new LambdaError(problem.status(), "UnknownOperationException", detail);
            case 413 -> new LambdaError(413, "RequestEntityTooLargeException", detail);
            case 429 -> new LambdaError(429, "TooManyRequestsException", detail);
            case 503 -> new LambdaError(503, "ServiceException", detail);
            default -> new LambdaError(500, "ServiceException", detail);
        };
    }

    void write(Context ctx) {
        ctx.header("x-amzn-ErrorType", type).header(Lambda.REQUEST_ID, RequestId.of(ctx));
        byte[] body = JSON.createObjectNode().put("Type", status < 500 ? "User" : "Service").put("Message", message)
                .toString().getBytes(StandardCharsets.UTF_8);
        if (status == 413 || !Linger.consumed(ctx)) {
            Linger.answer(ctx, status, MEDIA_TYPE, body);
        } else {
            ctx.status(status).contentType(MEDIA_TYPE).result(body);
        }
    }
}
