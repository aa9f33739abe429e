package io.nanogrid.gateway.http;

import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/// Answers what the server refuses before any handler sees it, such as a malformed request, in the form that errors have on the request's path.
///
/// It has the caller's request id where the headers could be read. The server reads none behind a request line that is malformed, and none
/// at all once one of them is. Of such a request line it doesn't tell the path either, not even Lambda's.
final class RefusedRequests extends ErrorHandler {

    @Override
    protected void generateResponse(
            Request request,
            Response response,
            int code,
            @Nullable String message,
            @Nullable Throwable cause,
            Callback callback) {
        String path = request.getHttpURI().getPath();
        response.write(true, body(code, response.getHeaders(), request.getHeaders().get(RequestId.HEADER),
                path != null && Lambda.serves(path)), callback);
    }

    @Override
    public ByteBuffer badMessageError(int status, @Nullable String reason, HttpFields.Mutable fields) {
        return body(status, fields, null, false);
    }

    private static ByteBuffer body(int status, HttpFields.Mutable fields, @Nullable String callersId, boolean lambda) {
        String requestId = RequestId.orFresh(callersId);
        fields.put(RequestId.HEADER, requestId);
        // Nothing else is answered like this before a handler of ours has it.
        Problem problem = status == 503 ? Problem.shuttingDown() : Problem.refusedRequest(status);
        if (lambda) {
            return ByteBuffer.wrap(LambdaError.of(problem).body(fields, requestId));
        }
        fields.put(HttpHeader.CONTENT_TYPE, Problems.MEDIA_TYPE);
        return ByteBuffer.wrap(Problems.body(problem, requestId));
    }
}
