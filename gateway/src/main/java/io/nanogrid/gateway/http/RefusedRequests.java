package io.nanogrid.gateway.http;

import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/// Answers what the server refuses before any handler sees it, such as a malformed request, in the same form as every other error.
final class RefusedRequests extends ErrorHandler {

    @Override
    protected void generateResponse(
            Request request,
            Response response,
            int code,
            @Nullable String message,
            @Nullable Throwable cause,
            Callback callback) {
        response.write(true, body(code, response.getHeaders()), callback);
    }

    @Override
    public ByteBuffer badMessageError(int status, @Nullable String reason, HttpFields.Mutable fields) {
        return body(status, fields);
    }

    private static ByteBuffer body(int status, HttpFields.Mutable fields) {
        String requestId = RequestId.fresh().toString();
        fields.put(HttpHeader.CONTENT_TYPE, Problems.MEDIA_TYPE);
        fields.put(RequestId.HEADER, requestId);
        return ByteBuffer.wrap(Problems.body(Problem.refusedRequest(status), requestId));
    }
}
