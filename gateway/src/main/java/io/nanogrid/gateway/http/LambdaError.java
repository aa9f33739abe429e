package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;

/// An error as AWS's Lambda spells it, for those who call by AWS's own clients.
///
/// @param type the exception that clients throw for it
/// @param problem the same in the gateway's own words, of which its status and detail are told
record LambdaError(String type, Problem problem) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MEDIA_TYPE = "application/json";
    private static final String TYPE = "x-amzn-ErrorType";

    static final class Thrown extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient LambdaError error;

        private Thrown(LambdaError error) {
            super(error.problem.detail(), null, false, false);
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
        return new LambdaError("ResourceNotFoundException", Problem.notFound(message));
    }

    static LambdaError badContent(String message) {
        return new LambdaError("InvalidRequestContentException", Problem.badRequest("malformed_json", message));
    }

    static LambdaError badParameter(String message) {
        return new LambdaError("InvalidParameterValueException", Problem.badRequest("invalid_parameter", message));
    }

    static LambdaError tooLarge(int limit) {
        return of(Problem.payloadTooLarge(limit));
    }

    static LambdaError unknownKey() {
        return new LambdaError("UnrecognizedClientException", Problem.strangerToLambda(
                "there is no such key, or it was made without sigv4: the access key id must be default, key2… for the "
                        + "keys of NANOGRID_API_KEY, or the name of a key that was made with sigv4"));
    }

    static LambdaError notSigned() {
        return new LambdaError("MissingAuthenticationTokenException", Problem.strangerToLambda(
                "sign the request (AWS Signature Version 4), or give an API key in the header x-api-key"));
    }

    static LambdaError badSignature(String message) {
        return new LambdaError("InvalidSignatureException", Problem.strangerToLambda(message));
    }

    /// What the rest of the gateway answers, in AWS's words.
    static LambdaError of(Problem problem) {
        int status = problem.status();
        return switch (status) {
            case 401 -> notSigned();
            case 403 -> new LambdaError("AccessDeniedException", problem);
            case 404, 405 -> new LambdaError("UnknownOperationException", problem);
            case 413 -> new LambdaError("RequestEntityTooLargeException", problem);
            case 429 -> new LambdaError("TooManyRequestsException", problem);
            default -> new LambdaError(status < 500 ? "InvalidRequestContentException" : "ServiceException", problem);
        };
    }

    void write(Context ctx) {
        Problems.note(ctx, problem);
        ctx.header(TYPE, type).header(Lambda.REQUEST_ID, RequestId.of(ctx));
        if (problem.status() == 413 || !Linger.consumed(ctx)) {
            Linger.answer(ctx, problem.status(), MEDIA_TYPE, body());
        } else {
            ctx.status(problem.status()).contentType(MEDIA_TYPE).result(body());
        }
    }

    /// As [#write], for what no handler sees.
    ///
    /// @return the answer's body
    byte[] body(HttpFields.Mutable headers, String requestId) {
        headers.put(TYPE, type).put(Lambda.REQUEST_ID, requestId).put(HttpHeader.CONTENT_TYPE, MEDIA_TYPE);
        return body();
    }

    private byte[] body() {
        return JSON.createObjectNode().put("Type", problem.status() < 500 ? "User" : "Service")
                .put("Message", problem.detail()).toString().getBytes(StandardCharsets.UTF_8);
    }
}
